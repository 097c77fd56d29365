import { appendFileSync, existsSync, readFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { type ModelServer, startModelServer } from "../../model-server/model-server.ts"
import { createCodexHome } from "../../support/codex-home.ts"
import { contentsOf } from "../../support/contents-of.ts"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { freePort } from "../support/free-port.ts"
import { NewRelease } from "./new-release.ts"
import { checkOldPage } from "./old-page.ts"
import { OldRelease } from "./old-release.ts"
import { checkUnderSystemd } from "./under-systemd.ts"

export const client: RealClient = {
  programs: ["ai-agent-proxy 0.2.0 (PyPI)"],
  limitMinutes: 30,
  run: async (bench) => {
    if (process.platform !== "linux") {
      bench.skip("release 0.2.0", "its sessions are found by /proc")
      return
    }
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    await checkUnderSystemd(bench, environment)
    const model = await startModelServer()
    bench.atEnd(() => model.close())
    const codex = await createCodexHome({ modelUrl: model.url })
    bench.atEnd(() => codex.remove())
    const user = join(bench.folder, "user")
    const units = join(bench.folder, "units")
    await mkdir(user)
    await mkdir(units)
    const port = await freePort()
    const shared = { bench, user, port, key, env: codex.env }
    const place = { units, unit: join(units, "ai-agent-proxy.service"), port }
    const old = new OldRelease({ ...shared, environment })
    if (!(await liveWithOldRelease(bench, old, place))) return
    const before = contentsOf(old.home)
    const ours = new NewRelease({ ...shared, units, home: old.home, command: bench.command })
    await changeOver(bench, ours, place)
    await goOn(bench, ours, model)
    await checkOldPage(bench, { url: `http://127.0.0.1:${port}`, key, home: old.home })
    await ours.stop()
    await goBack(bench, old, place, before)
  },
}

const key = "key-of-the-clients"

interface Place {
  readonly units: string
  readonly unit: string
  readonly port: number
}

const kept = (unit: string) => readFileSync(`${unit}.from-0.2.0`, "utf8")

async function liveWithOldRelease(
  bench: Bench,
  old: OldRelease,
  { units, unit, port }: Place,
): Promise<boolean> {
  return bench.check(
    "release 0.2.0 itself: enable, three hired, talk, a reply, one stopped",
    async () => {
      const flags = ["--systemd-dir", units, "--ip", "127.0.0.1", "--port", String(port), "--api-key", key]
      const enabled = await old.run("enable", ...flags, "--cli", "codex", "--skip-start", "--no-sudo")
      equal(enabled.code, 0, enabled.stderr)
      await old.start(readFileSync(unit, "utf8"))
      for (const [role, name] of [
        ["engineer", "alice"],
        ["reviewer", "alice"],
        ["engineer", "Al Ice"],
      ] as const) {
        const hired = await old.run("hire", role, name)
        // Its own patience ends where the machine is slow; it is done all the same.
        const id = `${role}_${name.toLowerCase().replace(" ", "-")}`
        if (hired.code === 0) equal(/^\S+ \d+$/.test(hired.stdout.trim()), true, hired.stdout)
        await waitFor(() => runtimeOf(old.home, id).autostart, {
          what: `${id} to be hired`,
          timeoutMs: 60_000,
        })
      }
      appendFileSync(join(old.home, "engineer_alice/memory/memory.md"), "\n- the word is plum\n")
      equal(((await (await old.ask("[[say:noted]]")).json()) as { output_text: string }).output_text, "noted")
      const reply = JSON.stringify({ task_id: "t1", agent: "manager", event: "final", data: { done: [1] } })
      await old.ask(
        `[[shell:curl -s http://127.0.0.1:${port}/agent-reply -H 'authorization: Bearer ${key}' -H 'content-type: application/json' -d '${reply}']]`,
      )
      equal(existsSync(join(old.home, "agent_replies/t1.json")), true)
      await old.run("stop", "reviewer_alice")
      await waitFor(() => runtimeOf(old.home, "reviewer_alice").autostart === false, {
        what: "it to be stopped",
        timeoutMs: 120_000,
      })
      await old.stop()
    },
    300_000,
  )
}

async function changeOver(bench: Bench, ours: NewRelease, { unit, port }: Place): Promise<void> {
  await bench.check("enable takes over agents, address, port, key and CLI, and keeps the unit", async () => {
    const before = readFileSync(unit, "utf8")
    const { code, stderr, stdout } = await ours.enable()
    equal(code, 0, stderr)
    includes(stderr, "  agents         engineer_al-ice, engineer_alice, manager, reviewer_alice\n")
    includes(stderr, `  unit           address 127.0.0.1, port ${port}, CLI codex, its key\n`)
    includes(stderr, "  replies        1 in agent_replies/, as they were\n")
    equal(stderr.includes("to be seen to"), false, stderr)
    equal(`${stdout}${stderr}`.includes(key), true, "told this once, as every key")
    equal(kept(unit), before)
    equal(readFileSync(unit, "utf8").includes(key), false)
  })
  await bench.check("the service starts, where its clients look for it", () => ours.start())
}

async function goOn(bench: Bench, ours: NewRelease, model: ModelServer): Promise<void> {
  await bench.check("all agents are there, the stopped one is stopped", async () => {
    const list = await ours.run("list")
    equal(list.stdout.trim().split("\n").toSorted(), [
      "engineer_al-ice",
      "engineer_alice",
      "manager",
      "reviewer_alice",
    ])
    const { agents } = JSON.parse((await ours.run("list", "--json")).stdout) as {
      agents: { id: string; state: string }[]
    }
    const stopped = agents.filter(({ state }) => state !== "ready").map(({ id, state }) => `${id} ${state}`)
    equal(stopped, ["reviewer_alice stopped"])
  })
  await bench.check("the manager's first conversation goes on with the session of before, once", async () => {
    includes(await ours.ask("manager", "[[history]]"), "noted")
    equal((await ours.ask("manager", "[[history]]")).includes("noted"), false)
  })
  await bench.check("an agent has its memory", async () => {
    model.clearRequests()
    equal(await ours.ask("engineer_alice", "[[say:here]]"), "here")
    includes(JSON.stringify(model.requests.at(-1)?.body), "the word is plum")
  })
  await bench.check("a bare name that two have is refused by naming both", async () => {
    includes(await ours.ask("alice", "hello"), "engineer_alice, reviewer_alice")
  })
  await bench.check("hire of a name that is there gives the agent that is there", async () => {
    const hired = JSON.parse((await ours.run("hire", "engineer", "Al Ice", "--json")).stdout) as object
    equal({ ...hired, is_new: false, id: "engineer_al-ice" }, hired)
    const alice = JSON.parse((await ours.run("hire", "engineer", "alice", "--json")).stdout) as object
    equal({ ...alice, is_new: false, id: "engineer_alice" }, alice)
  })
  await bench.check("doctor tells who came along, and that nothing is left to do", async () => {
    const { checks } = JSON.parse((await ours.run("doctor", "--json")).stdout) as {
      checks: { name: string; status: string; message: string }[]
    }
    const found = checks.filter(({ name }) => name === "from 0.2.0")
    equal(
      found.map(({ status }) => status),
      ["ok"],
      JSON.stringify(found),
    )
    includes(found[0]?.message, "engineer_al-ice, engineer_alice, manager, reviewer_alice came along")
  })
}

async function goBack(
  bench: Bench,
  old: OldRelease,
  { unit }: Place,
  before: Readonly<Record<string, string>>,
): Promise<void> {
  await bench.check("nothing of release 0.2.0 was changed or removed", async () => {
    const after = contentsOf(old.home)
    // Both releases add to what agents note of their days.
    const changed = Object.entries(before).filter(([name, text]) =>
      /\/(?:notes|memory)\//.test(name) ? !after[name]?.startsWith(text) : after[name] !== text,
    )
    equal(
      changed.map(([name]) => name),
      [],
    )
  })
  await bench.check(
    "release 0.2.0 goes on with its agents, and its manager with its session",
    async () => {
      await old.start(kept(unit))
      const list = await old.run("list")
      for (const id of ["engineer_al-ice", "engineer_alice", "manager", "reviewer_alice"])
        includes(list.stdout, `${id}\n`)
      const answer = (await (await old.ask("[[history]]")).json()) as { output_text: string }
      includes(answer.output_text, "noted")
      await old.stop()
    },
    180_000,
  )
}

function runtimeOf(home: string, id: string): { autostart?: boolean } {
  return JSON.parse(readFileSync(join(home, id, "control/runtime.json"), "utf8")) as { autostart?: boolean }
}
