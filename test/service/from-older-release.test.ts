import { spawn } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import OpenAI from "openai"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { resultOf } from "../support/command.ts"
import { type DaemonProcess, spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { makeOldAgent, makeOldHome } from "../support/old-home.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

/** Whose service `enable` makes one of the machine. */
const isRoot = process.geteuid?.() === 0

let folder: TempDir
let home: string
let env: Record<string, string>
let daemon: DaemonProcess | null = null

beforeEach(async () => {
  folder = await createTempDir("from-older-release")
  home = join(folder.path, ".ai_agent_proxy")
  env = { PATH: "/usr/bin:/bin", HOME: folder.path, AI_AGENT_PROXY_CLI: "demo" }
  await makeOldHome(home)
  await makeOldAgent(home, "manager", { autostart: true, cli: "demo" })
  const alice = { cli: "demo", working_dir: join(home, "engineer_alice") }
  await makeOldAgent(home, "engineer_alice", { autostart: true, ...alice }, [{ action: "connect", ...alice }])
  await makeOldAgent(home, "reviewer_alice", { autostart: false, cli: "demo" })
})
afterEach(async () => {
  await daemon?.stop("SIGKILL")
  daemon = null
  await folder.remove()
})

const command = (...args: string[]) => resultOf(spawnCommand(args, env))

async function start(): Promise<OpenAI> {
  daemon = await startDaemonProcess({ userHome: folder.path, env })
  return new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: "none", maxRetries: 0 })
}

describe("a home of release 0.2.0", () => {
  it("has its agents again at the first start: they answer, in chat and Responses, and remember", async () => {
    const client = await start()
    const models = await client.models.list()
    expect(models.data.map(({ id }) => id)).toEqual(["manager", "engineer_alice", "reviewer_alice"])
    expect(daemon?.output()).toContain("engineer_alice, manager, reviewer_alice")

    const answer = await client.responses.create({ model: "engineer_alice", input: "say hello" })
    expect(answer).toMatchObject({ model: "engineer_alice", output_text: "hello" })
    const messages = [{ role: "user" as const, content: "say more" }]
    const completion = await client.chat.completions.create({ model: "engineer_alice", messages })
    expect(completion).toMatchObject({ model: "engineer_alice", choices: [{ message: { content: "more" } }] })
    // She worked in her own folder.
    expect(readdirSync(join(home, "engineer_alice"))).not.toContain("work")
    expect(readFileSync(join(home, "engineer_alice/memory/memory.md"), "utf8")).toContain("remembers")

    const stopped = client.responses.create({ model: "reviewer_alice", input: "hello" })
    await expect(stopped).rejects.toMatchObject({ code: "agent_not_ready" })
  }, 60_000)

  it("lists the replies that its agents have left, over the API, on the page and on the command line, and keeps them", async () => {
    writeFileSync(join(home, "agent_replies/broken.json"), "{")
    await start()
    const url = daemon?.url ?? ""
    const reply = { id: "t1", agent: "manager", event: "final", data: { done: true }, text: '{"done":true}' }
    const listed = await (await fetch(`${url}/agent-reply`)).json()
    expect(listed).toMatchObject({
      data: [{ ...reply, metadata: { channel: "c1" }, file: "agent_replies/t1.json" }],
    })
    expect(await (await fetch(`${url}/agent-reply?agent=engineer_alice`)).json()).toMatchObject({ data: [] })
    expect(await (await fetch(url)).text()).toContain("{&quot;done&quot;:true}")
    expect(daemon?.output()).toContain("agent_replies/broken.json")
    const removed = await fetch(`${url}/agent-reply/t1`, { method: "DELETE" })
    expect([removed.status, await removed.text()]).toEqual([
      404,
      expect.stringContaining("agent_replies/t1.json"),
    ])
    const { stdout, stderr } = await command("outbox", "--clear")
    expect(stdout).toContain('{"done":true}')
    expect(stderr).toContain("stays where it is: agent_replies/t1.json")
    expect(stderr).toContain("Taken out: 0.\n")
    expect(readdirSync(join(home, "agent_replies"))).toContain("t1.json")
  }, 60_000)

  it("says that there is more where it has left more replies than are listed", async () => {
    for (let n = 0; n < 101; n += 1) {
      const reply = JSON.stringify({ agent: "engineer_alice", event: "final", data: `${n}` })
      writeFileSync(join(home, `agent_replies/more${n}.json`), reply)
    }
    await start()
    const listed = async (query: string) =>
      (await fetch(`${daemon?.url}/agent-reply?limit=100${query}`)).json()
    expect(await listed("")).toMatchObject({ has_more: true })
    expect(await listed("&agent=engineer_alice")).toMatchObject({ has_more: true })
    expect(await listed("&agent=reviewer_alice")).toMatchObject({ data: [], has_more: false })
    const { stderr } = await command("outbox", "--limit", "100")
    expect(stderr).toContain("There is more.\n")
  }, 60_000)

  it("may have two of one name: it alone means neither of them, and says so", async () => {
    const client = await start()
    const both = { message: expect.stringContaining("engineer_alice, reviewer_alice") }
    const messages = [{ role: "user" as const, content: "hello" }]
    for (const stream of [false, true]) {
      await expect(client.responses.create({ model: "alice", input: "hello", stream })).rejects.toMatchObject(
        both,
      )
      await expect(
        client.chat.completions.create({ model: "alice", messages, stream }),
      ).rejects.toMatchObject(both)
    }
    expect((await command("stop", "alice")).stderr).toContain("engineer_alice, reviewer_alice")
  }, 60_000)

  it("has each of two with one name to be hired again, as it is there, while the service runs and while it does not", async () => {
    const hiredAgain = async () => {
      for (const role of ["engineer", "reviewer"]) {
        const { code, stdout, stderr } = await command("hire", role, "alice", "--json")
        expect(code, stderr).toBe(0)
        expect(JSON.parse(stdout)).toMatchObject({ id: `${role}_alice`, is_new: false })
      }
      expect((await command("hire", "planner", "alice")).stderr).toContain("There is a 'alice' already")
    }
    await hiredAgain()
    await start()
    await hiredAgain()
  }, 60_000)

  it("is taken over by init and hire, too, once, and doctor tells of it for good", async () => {
    const hired = await command("hire", "engineer", "bob")
    expect(hired.stderr).toContain("From release 0.2.0")
    expect((await command("init")).stderr).not.toContain("From release 0.2.0")
    const ids = ["manager", "engineer_alice", "engineer_bob", "reviewer_alice"]
    const list = await command("list", "--json")
    expect(JSON.parse(list.stdout).agents.map(({ id }: { id: string }) => id)).toEqual(ids)
    const { checks } = JSON.parse((await command("doctor", "--json")).stdout)
    expect(checks).toContainEqual(
      expect.objectContaining({
        name: "from 0.2.0",
        status: "ok",
        message: expect.stringContaining("engineer_alice, manager, reviewer_alice"),
      }),
    )
  }, 60_000)

  it("is told of by enable and doctor: what was found, what came along, what a person has to see to", async () => {
    await makeOldAgent(home, `engineer_${"a".repeat(40)}`, { autostart: true })
    const session = spawn(
      process.execPath,
      ["-e", "setInterval(() => {}, 1000)", "--", "-m", "ai_agent_proxy.session", "--role-dir", "x"],
      { argv0: "python3", stdio: "ignore" },
    )
    try {
      await writeFile(join(home, "engineer_alice/control/session.pid"), String(session.pid))
      const units = join(folder.path, "units")
      await mkdir(units)
      const enable = (...args: string[]) => command("enable", "--systemd-dir", units, "--skip-start", ...args)
      const unit = (port: number) =>
        `[Service]\nEnvironment=HOME=${folder.path}\nExecStart=/v/python3 -m ai_agent_proxy.cli daemon --api-port ${port}\n`
      await writeFile(join(units, "ai-agent-proxy.service"), unit(7055))
      await writeFile(join(units, "second.service"), unit(7056))
      const lines = [
        "From release 0.2.0 (docs/from-0.2.0.md):",
        "  replies        1 in agent_replies/, as they were",
        `  to be seen to  sessions of its agents still run (pid ${session.pid})\n                 next: kill -9 ${session.pid}`,
        `  to be seen to  ${units}/second.service is another service of it, which would take the same home\n                 next: ${isRoot ? "sudo systemctl" : "systemctl --user"} disable --now second.service`,
        "  unit           port 7055",
      ]
      const dry = await command("enable", "--systemd-dir", units, "--dry-run")
      const to = "  to come        engineer_alice, manager, reviewer_alice"
      for (const line of [...lines, to]) expect(dry.stderr).toContain(`${line}\n`)
      const enabled = await enable()
      const kept = `${units}/ai-agent-proxy.service.from-0.2.0`
      const came = "  agents         engineer_alice, manager, reviewer_alice"
      const left = `  to be seen to  engineer_${"a".repeat(40)}: role and name must be 1 to 32`
      for (const line of [...lines, came, `  kept beside    ${kept}`])
        expect(enabled.stderr).toContain(`${line}\n`)
      expect(enabled.stderr).toContain(left)
      expect(enabled.stderr).toContain(
        "  last session   the first conversation with the manager goes on with",
      )
      const json = JSON.parse((await enable("--json")).stdout)
      expect(json.from_0_2_0).toMatchObject({
        agents: ["engineer_alice", "manager", "reviewer_alice"],
        agents_to_come: [],
        kept_unit: kept,
        replies: 1,
      })
      expect(json.from_0_2_0.to_do).toHaveLength(3)
      const { checks } = JSON.parse((await command("doctor", "--json")).stdout)
      const told = checks.filter(({ name }: { name: string }) => name === "from 0.2.0")
      expect(told[0].message).toContain('`sessions = "shared"` in config.toml')
      expect(told).toMatchObject([
        {
          status: "ok",
          message: expect.stringContaining(
            "reviewer_alice came along; 1 of its replies is in agent_replies/",
          ),
        },
        { status: "warning", message: expect.stringContaining("must be 1 to 32") },
        { status: "warning", next: `kill -9 ${session.pid}` },
      ])
    } finally {
      session.kill()
    }
    // A home that never was one of that release.
    env = { ...env, AI_AGENT_PROXY_HOME: join(folder.path, "new") }
    const fresh = await command("enable", "--systemd-dir", join(folder.path, "other"), "--skip-start")
    expect(fresh.stderr).not.toContain("0.2.0")
  }, 60_000)

  it("moves no terminal by the names that it has, in enable, doctor and hire", async () => {
    const name = "engineer_\u001b]0;title\u0007x\u009b2J\u202ey\n  next: type this"
    await makeOldAgent(home, name, { autostart: true })
    const hired = await command("hire", "engineer", "bob")
    const dry = await command("enable", "--systemd-dir", join(folder.path, "units"), "--dry-run")
    const enabled = await command("enable", "--systemd-dir", join(folder.path, "units"), "--skip-start")
    const checked = await command("doctor")
    const asJson = await command("doctor", "--json")
    expect(JSON.parse(asJson.stdout)).toMatchObject({ checks: expect.any(Array) })
    for (const said of [hired.stderr, dry.stderr, enabled.stderr, checked.stdout, asJson.stdout]) {
      expect(said).toMatch(/engineer_.*next: type this: role and name must be 1 to 32/)
      for (const control of ["\u0007", "\u001b", "\u009b", "\u202e"]) expect(said).not.toContain(control)
    }
  }, 60_000)

  it("can be gone on with by the older release: nothing of it was changed or removed", async () => {
    const files = [
      "api.json",
      "agent_replies/t1.json",
      "manager/AGENTS.md",
      "engineer_alice/control/runtime.json",
    ]
    const before = files.map((file) => readFileSync(join(home, file), "utf8"))
    const client = await start()
    await client.responses.create({ model: "engineer_alice", input: "say hello" })
    await daemon?.stop()
    expect(files.map((file) => readFileSync(join(home, file), "utf8"))).toEqual(before)
    expect(readdirSync(join(home, "engineer_alice/control/queue"))).toHaveLength(1)
  }, 60_000)
})
