import { once } from "node:events"
import { readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { AgentSettings } from "../../src/domain/agents.ts"
import { ensureAgentWorkspace } from "../../src/workspace/agent/agent-workspace.ts"
import { agentPath } from "../agents/agents.ts"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { type CodexHome, createCodexHome } from "../support/codex-home.ts"
import { resultOf } from "../support/command.ts"
import { spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

interface Check {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly next: string | null
}

let model: ModelServer
let codex: CodexHome
let user: TempDir

beforeEach(async () => {
  model = await startModelServer()
  codex = await createCodexHome({ modelUrl: model.url })
  user = await createTempDir("doctor")
})
afterEach(async () => {
  await model.close()
  await codex.remove()
  await user.remove()
})

function environment(env: Record<string, string>): Record<string, string> {
  return {
    ...codex.env,
    HOME: user.path,
    AI_AGENT_PROXY_CLI: codexExecutable(),
    AI_AGENT_PROXY_PORT: "7611",
    AI_AGENT_PROXY_PASS_ENV: "SCRIPTED_MODEL_KEY",
    ...env,
  }
}

async function run(
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ readonly code: number | null; readonly stdout: string }> {
  return resultOf(spawnCommand(args, environment(env)))
}

/** The exit code, and the checks by name. */
async function doctor(
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<{
  readonly code: number | null
  readonly all: readonly Check[]
  readonly checks: ReadonlyMap<string, Check>
}> {
  const { code, stdout } = await run(["doctor", "--json", ...args], env)
  const { checks }: { checks: Check[] } = JSON.parse(stdout)
  return { code, all: checks, checks: new Map(checks.map((check) => [check.name, check])) }
}

/** On to the scripted model server. */
function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url = "", headers } = incoming
  const onward = request(new URL(url, model.url), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  incoming.pipe(onward)
}

describe("doctor", () => {
  it("warns, as status does, of a codex that is driven by exec because its app-server does not answer", async () => {
    const cli = join(user.path, "codex")
    const script = `#!/bin/sh\n[ "$1" = app-server ] && { echo no room >&2; exit 3; }\nexec '${codexExecutable()}' "$@"\n`
    writeFileSync(cli, script, { mode: 0o755 })
    const { all } = await doctor({ AI_AGENT_PROXY_CLI: cli })
    expect(all).toContainEqual({
      name: "cli",
      status: "warning",
      message: expect.stringMatching(/`codex exec` anew.*no room/s),
      next: expect.stringContaining("codex app-server"),
    })
    const daemon = await startDaemonProcess({
      userHome: user.path,
      env: environment({}),
      args: ["--cli", cli],
    })
    try {
      const limited = /Limited {2}its app-server does not answer.*no room/
      await waitFor(async () => limited.test((await run(["status"], {})).stdout), {
        what: "status to say what the daemon has found out",
        timeoutMs: 30_000,
      })
    } finally {
      await daemon.stop()
    }
  }, 60_000)

  it("warns of arguments that are not passed on, by whose they are", async () => {
    const home = join(user.path, ".ai_agent_proxy")
    const settings = { cli: `${codexExecutable()} --search` }
    await ensureAgentWorkspace(home, { role: "engineer", name: "alice", settings })
    const { all } = await doctor({ AI_AGENT_PROXY_CLI: `${codexExecutable()} --profile work` })
    const ofClis = all.filter(({ name }) => ["cli", "login", "agents"].includes(name))
    expect(ofClis.filter(({ status }) => status === "failure")).toEqual([])
    expect(all.filter(({ message }) => message.includes("is not passed on"))).toEqual([
      {
        name: "cli",
        status: "warning",
        message: expect.stringMatching(/^`cli`: '--profile' is/),
        next: "leave it out: ai-agent-proxy enable --cli PROGRAM",
      },
      {
        name: "agents",
        status: "warning",
        message: expect.stringMatching(/^engineer_alice: `cli`: '--search' is/),
        next: "leave it out of `cli` in control/agent.json of engineer_alice",
      },
    ])
  }, 60_000)

  it("has the real CLI answer one word on demand, and finds nothing that fails", async () => {
    const { code, checks } = await doctor({}, ["--turn"])
    expect([...checks.values()].filter((check) => check.status === "failure")).toEqual([])
    expect(code).toBe(0)
    expect(checks.get("cli")?.message).toMatch(/codex.*\d+\.\d+/)
    expect(checks.get("login")?.status).toBe("ok")
    expect(checks.get("turn")?.status).toBe("ok")
  }, 120_000)

  it("says how to log in when the CLI is not logged in, and looks at the CLIs of all agents that should run", async () => {
    writeFileSync(join(codex.home, "config.toml"), "check_for_update_on_startup = false\n")
    const home = join(user.path, ".ai_agent_proxy")
    const hire = (name: string, settings: Partial<AgentSettings>) =>
      ensureAgentWorkspace(home, { role: "engineer", name, settings })
    await hire("alice", { cli: "no-such-cli" })
    await hire("anne", { cli: "no-such-cli" })
    await hire("bob", { cli: null })
    await hire("carl", { cli: "plain-agent" })
    await hire("dora", { cli: "never-looked-for" })
    const control = join(home, "engineer_dora", "control", "agent.json")
    writeFileSync(control, readFileSync(control, "utf8").replace('"running"', '"stopped"'))
    await hire("eve", {})
    writeFileSync(join(home, "engineer_eve", "control", "agent.json"), "{")
    symlinkSync(agentPath("plain-agent.sh"), join(user.path, "plain-agent"))
    const { code, checks, all } = await doctor({ PATH: `${user.path}:${codex.env.PATH}` })
    const others = all.filter(({ name }) => name === "agents")
    expect(others.map(({ status, message }) => [status, message.split(" ").slice(0, 3).join(" ")])).toEqual([
      ["warning", expect.stringContaining("engineer_eve/control/agent.json:1")],
      ["failure", "engineer_alice, engineer_anne: `no-such-cli`"],
      ["ok", expect.stringContaining("engineer_carl: ")],
      ["ok", "engineer_carl: the CLI"],
    ])
    expect(others[1]?.next).toContain("control/agent.json of engineer_alice, engineer_anne")
    expect(JSON.stringify(all)).not.toContain("never-looked-for")
    // Also bob's, who has the manager's: it is asked once.
    expect(all.filter(({ name }) => name === "login")).toHaveLength(1)
    expect(code).toBe(1)
    expect(checks.get("login")).toMatchObject({
      status: "failure",
      message: expect.stringContaining("not logged in"),
      next: expect.stringContaining("codex login"),
    })
  }, 120_000)

  it("finds by a turn that a log-in has expired, which the CLI itself does not know; status tells after one", async () => {
    let isRefusing = true
    const proxy = createServer((incoming, outgoing) => {
      if (isRefusing) outgoing.writeHead(401).end("{}")
      else forward(incoming, outgoing)
    })
    await once(proxy.listen(0, "127.0.0.1"), "listening")
    // A TCP server's address is an object.
    const { port } = proxy.address() as AddressInfo
    const expired = await createCodexHome({ modelUrl: `http://127.0.0.1:${port}/v1` })
    const env = { ...expired.env, HOME: user.path }
    const { code, checks } = await doctor(env, ["--turn"])
    expect(code).toBe(1)
    expect(checks.get("login")?.status).toBe("ok")
    expect(checks.get("turn")).toMatchObject({ status: "failure", next: expect.stringContaining("log in") })

    const daemon = await startDaemonProcess({ userHome: user.path, env: environment(env) })
    const askManager = () =>
      fetch(`${daemon.url}/v1/responses`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "manager", input: "say something" }),
      }).then((answer) => answer.json())
    await askManager()
    const told = await run(["status"], env)
    expect(told.code).toBe(0)
    expect(told.stdout).toMatch(/^ {2}Login {4}refused .* ago: .*401.*codex login/m)
    expect(await (await fetch(`${daemon.url}/`)).text()).toContain("log-in was refused")
    expect((await doctor(env)).checks.get("turn")).toMatchObject({
      status: "failure",
      message: expect.stringContaining("refused"),
      next: expect.stringContaining("the next answered request clears this"),
    })
    isRefusing = false
    expect(await askManager()).toMatchObject({ status: "completed" })
    expect((await run(["status"], env)).stdout).not.toContain("refused")
    await daemon.stop()
    proxy.close()
    await expired.remove()
  }, 120_000)

  it("names a CLI that is missing, a wrong setting, and what to do", async () => {
    const missing = await doctor({ AI_AGENT_PROXY_CLI: "no-such-cli" })
    expect(missing.code).toBe(1)
    expect(missing.checks.get("cli")).toMatchObject({
      status: "failure",
      message: expect.stringContaining("no-such-cli"),
      next: expect.stringContaining("enable --cli"),
    })
    const wrong = await doctor({ AI_AGENT_PROXY_PORT: "70000" })
    expect(wrong.checks.get("configuration")).toMatchObject({
      status: "failure",
      message: expect.stringContaining("AI_AGENT_PROXY_PORT"),
    })
  }, 120_000)

  it("names a daemon that has the home, and a ledger that a newer program wrote", async () => {
    const daemon = await startDaemonProcess({ userHome: user.path, env: { ...codex.env, HOME: user.path } })
    const busy = await doctor({ AI_AGENT_PROXY_CLI: "no-such-cli" })
    const held = `held by the daemon that runs and answers (pid ${daemon.pid})`
    expect(busy.checks.get("lock")).toMatchObject({ status: "ok", message: held, next: null })
    const listens = `${daemon.url}, the daemon (pid ${daemon.pid}) listens`
    expect(busy.checks.get("port")).toMatchObject({ status: "ok", message: listens, next: null })
    expect(JSON.stringify(busy.all)).not.toContain("kill")
    // One that does not answer any more is in the way of whatever shall come.
    process.kill(daemon.pid, "SIGSTOP")
    const deaf = await doctor({ AI_AGENT_PROXY_CLI: "no-such-cli" })
    process.kill(daemon.pid, "SIGCONT")
    expect(deaf.checks.get("lock")).toMatchObject({ status: "warning", next: `kill ${daemon.pid}` })
    await daemon.stop()
    const database = new DatabaseSync(join(user.path, ".ai_agent_proxy", "state.db"))
    database.exec("pragma user_version = 999")
    database.close()
    const newer = await doctor({ AI_AGENT_PROXY_CLI: "no-such-cli" })
    expect(newer.checks.get("database")).toMatchObject({
      status: "failure",
      message: expect.stringContaining("newer"),
      next: expect.stringContaining("git pull && make install"),
    })
  }, 120_000)
})
