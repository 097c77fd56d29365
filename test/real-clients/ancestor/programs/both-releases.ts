import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { startModelServer } from "../../../model-server/model-server.ts"
import { codexExecutable } from "../../../support/codex-binary.ts"
import { createCodexHome } from "../../../support/codex-home.ts"
import { waitFor } from "../../../support/wait-for.ts"
import { ask, expect, health, must, property, scenario, sh } from "../../../systemd/programs/machine.ts"

/** Runs inside the sandbox of test/systemd, with the folder of a Python environment in which release 0.2.0 is: a machine of root's alone. */

const [environment = ""] = process.argv.slice(2)
const person = "/home/owner"
const home = `${person}/.ai_agent_proxy`
const unit = "/etc/systemd/system/ai-agent-proxy.service"
const kept = `${unit}.from-0.2.0`
const port = 7055
const key = "key-of-the-clients"
const hired = ["engineer_al-ice", "engineer_alice", "reviewer_alice"]
const everybody = ["engineer_al-ice", "engineer_alice", "manager", "reviewer_alice"]

const model = await startModelServer()

const path = `${person}/tools:/payload/bin:$PATH`
/** A hire of release 0.2.0 takes its time. */
const patience = { cwd: person, timeout: 150_000 }

/** What the person types. */
const typed = (line: string) => sh(`HOME=${person} PATH=${path} ${line}`, "root", patience)

/** With the environment on the PATH, as where it is activated: the service takes that for its own, and finds its sessions' Python by it. */
const old = (line: string) =>
  sh(`HOME=${person} PATH=${environment}/bin:${path} ai-agent-proxy ${line}`, "root", patience)

/** In place of the tester's home, of which this disk has a copy. Codex is logged in as people are: in its own folder of that home. */
async function makeOwner(): Promise<void> {
  expect(existsSync("/payload/bin/node"), "only in the sandbox: this changes the machine")
  mkdirSync(`${person}/tools`, { recursive: true })
  mkdirSync(`${person}/.codex`)
  const users = readFileSync("/etc/passwd", "utf8")
  writeFileSync("/etc/passwd", users.replace(/^(root:.*:)\/root(:[^:]*)$/m, `$1${person}$2`))
  symlinkSync(codexExecutable(), `${person}/tools/codex`)
  const { home: codexHome } = await createCodexHome({ modelUrl: model.url })
  // A service has no variables of a terminal.
  const config = readFileSync(join(codexHome, "config.toml"), "utf8").replace(/^env_key .*\n/m, "")
  writeFileSync(`${person}/.codex/config.toml`, config)
  if (existsSync(environment)) return
  mkdirSync(dirname(environment), { recursive: true })
  symlinkSync("/payload/environment", environment)
}

function runtimeOf(id: string): { autostart?: boolean } {
  return JSON.parse(readFileSync(join(home, id, "control/runtime.json"), "utf8")) as { autostart?: boolean }
}

/** Its manager needs a while, and is not there before. */
async function untilOldOneAnswers(input: string, at = { port, key }): Promise<string> {
  const answer = await waitFor(
    async () => {
      const { status, text } = await ask(input, at)
      return status === 200 && text
    },
    { what: "the manager of release 0.2.0 to answer", timeoutMs: 150_000, intervalMs: 500 },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${sh("journalctl -u ai-agent-proxy -n 30 --no-pager").stdout}`)
  })
  return answer
}

/** It says what stood there, readable by root only, and no key is left in ours. */
function expectKept(path: string, text: string): void {
  expect(readFileSync(path, "utf8") === text, `${path} is what stood there`, readFileSync(path, "utf8"))
  expect((statSync(path).mode & 0o777) === 0o600, "readable by root only", statSync(path).mode)
  const key = /AI_AGENT_PROXY_API_KEY=(.+)/.exec(text)?.[1]
  const ours = readFileSync(unit, "utf8")
  expect(/^# Written by ai-agent-proxy /.test(ours), "ours is in its place", ours)
  expect(key !== undefined && !ours.includes(key), "without the key", ours)
}

/** Command lines of what runs and has these words in it. */
function running(words: string): readonly string[] {
  const lines = sh("ps -eo pid=,args=").stdout.split("\n")
  return lines.map((line) => line.trim()).filter((line) => line.includes(words))
}

await scenario({
  "release 0.2.0 itself: enable writes and starts its unit, and its manager talks": async () => {
    await makeOwner()
    const flags = `--ip 127.0.0.1 --port ${port} --api-key ${key} --cli codex`
    // Else it wants sudo, of root, too.
    must(old(`enable ${flags} --no-sudo`))
    const text = readFileSync(unit, "utf8")
    expect(/^ExecStart=.* -m ai_agent_proxy\.cli daemon /m.test(text), "its unit", text)
    expect(property("UnitFileState") === "enabled", "it starts with the machine", property("UnitFileState"))
    const said = await untilOldOneAnswers("[[say:noted]]")
    expect(said.includes("noted"), "an answer of codex", said)
    expect(property("ActiveState") === "active", "it runs", property("ActiveState"))
    expect((await ask("[[say:no]]", { port })).status === 401, "it wants its key")
  },
  "it hires three, one of them remembers, the manager replies, one is stopped": async () => {
    for (const who of ["engineer alice", "reviewer alice", 'engineer "Al Ice"']) old(`hire ${who}`)
    // It looks for what was asked of it twice a minute.
    for (const id of hired)
      await waitFor(() => runtimeOf(id).autostart, { what: `${id} to be hired`, timeoutMs: 90_000 })
    appendFileSync(join(home, "engineer_alice/memory/memory.md"), "\n- the word is plum\n")
    const reply = JSON.stringify({ task_id: "t1", agent: "manager", event: "final", data: { done: [1] } })
    const post = `curl -s http://127.0.0.1:${port}/agent-reply -H 'authorization: Bearer ${key}' -H 'content-type: application/json' -d '${reply}'`
    await ask(`[[shell:${post}]]`, { port, key })
    expect(existsSync(join(home, "agent_replies/t1.json")), "its reply is kept")
    old("stop reviewer_alice")
    await waitFor(() => runtimeOf("reviewer_alice").autostart === false, {
      what: "it to be stopped",
      timeoutMs: 90_000,
    })
  },
  "enable over it, while it runs: address, port, key, CLI and agents stay, the unit is kept, none of its processes is left":
    async () => {
      const before = readFileSync(unit, "utf8")
      const sessions = running("ai_agent_proxy.session")
      expect(sessions.length > 0, "its sessions run")
      const ran = must(typed("ai-agent-proxy enable"))
      for (const [name, what] of [
        ["agents", everybody.join(", ")],
        ["unit", `address 127.0.0.1, port ${port}, CLI codex, its key`],
        ["kept beside", kept],
        ["replies", "1 in agent_replies/, as they were"],
      ] as const)
        expect(ran.all.includes(`  ${name.padEnd(13)}  ${what}\n`), `the summary: ${name}`, ran.all)
      expect(readFileSync(kept, "utf8") === before, "the old unit is beside")
      expect((statSync(kept).mode & 0o777) === 0o600, "readable by root only", statSync(kept).mode)
      const ours = readFileSync(unit, "utf8")
      expect(/^# Written by ai-agent-proxy /.test(ours) && !ours.includes(key), "ours, without the key", ours)
      expect(running("ai_agent_proxy.").length === 0, "none of its processes", running("ai_agent_proxy."))
      expect(!ran.all.includes("to be seen to"), "nothing is left to a person", ran.all)
    },
  "its clients find the service where it was, with its key; the agents and the manager's session are there":
    async () => {
      expect((await health(port))?.status === 200 && (await health(7011)) === null, "the port")
      expect((await ask("[[say:no]]", { port })).status === 401, "without the key: 401")
      const first = await ask("[[history]]", { port, key })
      expect(first.status === 200 && first.text.includes("noted"), "the session of before", first.text)
      const list = must(typed("ai-agent-proxy list"))
      expect(list.stdout.trim().split("\n").toSorted().join() === everybody.join(), "all agents", list.all)
      model.clearRequests()
      const answer = await ask("[[say:here]]", { port, key, model: "engineer_alice" })
      expect(answer.status === 200 && answer.text.includes("here"), "an agent answers", answer.text)
      const told = JSON.stringify(model.requests.at(-1)?.body)
      expect(told.includes("the word is plum"), "with its memory", told)
      const doctor = typed("ai-agent-proxy doctor")
      expect(/^ok {4}from 0\.2\.0 /m.test(doctor.stdout), "doctor tells", doctor.all)
      expect(!/^WARN {2}from 0\.2\.0/m.test(doctor.stdout), "nothing is left to do", doctor.all)
    },
  "going back, by the words of docs/from-0.2.0.md: release 0.2.0 has its agents and its session":
    async () => {
      must(sh("systemctl stop ai-agent-proxy"))
      must(sh(`cp ${kept} ${unit} && systemctl daemon-reload && systemctl start ai-agent-proxy`))
      const said = await untilOldOneAnswers("[[history]]")
      expect(said.includes("noted"), "its session goes on", said)
      const list = must(old("list")).stdout.split("\n")
      expect(
        everybody.every((id) => list.includes(id)),
        "all agents",
        list,
      )
      expect(running("ai-agent-proxy.cjs").length === 0, "none of ours", running("ai-agent-proxy.cjs"))
    },
  "and over again: enable takes its place once more, with what its clients know, and the unit is kept as it was, once":
    async () => {
      const before = readFileSync(unit, "utf8")
      const ran = must(typed("ai-agent-proxy enable"))
      expect(running("ai_agent_proxy.").length === 0, "none of its processes", running("ai_agent_proxy."))
      const answer = await ask("[[say:again]]", { port, key })
      const isAnswer = answer.status === 200 && answer.text.includes("again")
      expect(isAnswer, "an answer", `${answer.text}\n${ran.all}`)
      expectKept(kept, before)
      expect(!existsSync(`${kept}.2`), "the same is not kept twice")
      expect(ran.all.includes(`  kept beside    ${kept}\n`), "the summary says where", ran.all)
    },
  "back again, and its enable with another port and key: these go on, and both of its units are kept":
    async () => {
      const first = readFileSync(kept, "utf8")
      const other = { port: port + 1, key: "another-key" }
      must(sh("systemctl stop ai-agent-proxy"))
      must(sh(`cp ${kept} ${unit} && systemctl daemon-reload`))
      const flags = `--ip 127.0.0.1 --port ${other.port} --api-key ${other.key} --cli codex`
      must(old(`enable ${flags} --no-sudo`))
      await untilOldOneAnswers("[[say:moved]]", other)
      const second = readFileSync(unit, "utf8")
      expect(second !== first && second.includes(other.key), "its new unit", second)
      const ran = must(typed("ai-agent-proxy enable"))
      expectKept(kept, first)
      expectKept(`${kept}.2`, second)
      expect(ran.all.includes(`  kept beside    ${kept}.2\n`), "the summary says where", ran.all)
      const answer = await ask("[[say:moved]]", other)
      expect(
        answer.status === 200 && answer.text.includes("moved"),
        "an answer",
        `${answer.text}\n${ran.all}`,
      )
      expect((await ask("[[say:no]]", { ...other, key })).status === 401, "the key of before is none")
      expect((await health(port)) === null, "nobody is where it was before")
    },
})

await model.close()
