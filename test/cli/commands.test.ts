import { spawn } from "node:child_process"
import { once } from "node:events"
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { text as textOf } from "node:stream/consumers"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { type CodexHome, createCodexHome } from "../support/codex-home.ts"
import { type CommandResult, runCommand } from "../support/command.ts"
import { type DaemonProcess, startDaemonProcess } from "../support/daemon-process.ts"
import { mainProgram } from "../support/main-program.ts"
import { descendantsOf, isRunning } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

let model: ModelServer
let codex: CodexHome
let user: TempDir
let daemon: DaemonProcess
let home: string
let env: Record<string, string>

beforeAll(async () => {
  model = await startModelServer()
  codex = await createCodexHome({ modelUrl: model.url })
  user = await createTempDir("cli")
  home = join(user.path, ".ai_agent_proxy")
  env = { ...codex.env, HOME: user.path, AI_AGENT_PROXY_PASS_ENV: "SCRIPTED_MODEL_KEY" }
  daemon = await startDaemonProcess({ userHome: user.path, env, args: ["--cli", codexExecutable()] })
})

afterAll(async () => {
  await daemon.stop()
  await model.close()
  await codex.remove()
  await user.remove()
})

function run(args: readonly string[], stdin?: string): Promise<CommandResult> {
  return runCommand(args, { env, ...(stdin !== undefined && { stdin }) })
}

function isSleeping(seconds: number): boolean {
  return descendantsOf(daemon.pid).some(({ commandLine }) => commandLine === `sleep ${seconds}`)
}

async function json(args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr, code } = await run([...args, "--json"])
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Record<string, unknown>
}

describe("the commands, with a running service", () => {
  it("reach it over a socket that only its owner can open", () => {
    expect(statSync(join(home, "daemon.sock")).mode & 0o777).toBe(0o600)
  })

  it("are not to be had over the TCP port", async () => {
    expect((await fetch(`${daemon.url}/control/status`)).status).toBe(404)
    expect((await fetch(`${daemon.url}/control/agents/manager/stop`, { method: "POST" })).status).toBe(404)
  })

  it("hire an agent that cannot be asked, say why, and end with exit code 1", async () => {
    const hired = await run(["hire", "engineer", "dora", "--cli", "no-such-cli"])
    expect(hired).toMatchObject({ code: 1, stdout: expect.stringMatching(/^id +engineer_dora$/m) })
    expect(hired.stderr).toContain("Not running: `no-such-cli` is not on the PATH")
    await run(["fire", "engineer_dora"])
  })

  it("hire an agent, tell its id, workspace and pid, and take the one that is there the second time", async () => {
    const first = await run(["hire", "engineer", "alice", "--effort", "low", "--model", "gpt-5.5"])
    expect(first).toMatchObject({ code: 0, stderr: "" })
    expect(first.stdout).toMatch(
      /^id {9}engineer_alice\nworkspace {2}~\/\.ai_agent_proxy\/engineer_alice\nstate {6}ready\npid {8}\d+\n$/,
    )
    expect(JSON.parse(readFileSync(join(home, "engineer_alice/control/agent.json"), "utf8"))).toMatchObject({
      effort: "low",
    })
    expect(await json(["hire", "engineer", "alice"])).toMatchObject({ is_new: false, id: "engineer_alice" })
  })

  it("hire under a name as people write it, and says what it is in ids", async () => {
    const hired = await run(["hire", "Test Engineer", "Al Ice"])
    expect(hired.stdout).toContain("test-engineer_al-ice")
    expect(hired.stderr).toContain('The role "Test Engineer" is written test-engineer in ids.')
    expect(hired.stderr).toContain('The name "Al Ice" is written al-ice in ids.')
    expect((await run(["fire", "al-ice"])).code).toBe(0)
  })

  it("list the agents, and show the service with its processes", async () => {
    const list = await run(["list"])
    expect(list).toEqual({ code: 0, stdout: "manager\nengineer_alice\n", stderr: "" })
    expect(await json(["list"])).toMatchObject({
      service: "up",
      agents: [
        {
          id: "manager",
          state: "ready",
          program: expect.stringMatching(/^codex \S+$/),
          pid: expect.any(Number),
        },
        { id: "engineer_alice" },
      ],
    })
    const status = await json(["status"])
    expect(status).toMatchObject({
      service: { state: "running", pid: daemon.pid, url: daemon.url },
      agents: [{ id: "manager", state: "ready", pid: expect.any(Number) }, { id: "engineer_alice" }],
      processes: { pid: daemon.pid, children: expect.arrayContaining([expect.anything()]) },
    })
    expect((await run(["status", "alice"])).stdout).toMatch(
      /engineer_alice: ready\n {2}CLI +codex \S+ \(codex\), pid \d+/,
    )
  })

  it("stop an agent and start it again", async () => {
    const [{ pid }] = (await json(["status", "alice"])).agents as [{ pid: number }]
    expect((await run(["stop", "alice"])).stdout).toBe("engineer_alice is stopped\n")
    expect(isRunning(pid)).toBe(false)
    expect((await run(["start", "engineer"])).stdout).toMatch(/^engineer_alice is ready \(pid \d+\)\n$/)
  })

  it("ask which one is meant where several have the role, and take all with --all", async () => {
    await run(["hire", "engineer", "bob"])
    expect(await run(["stop", "engineer"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr:
        "ai-agent-proxy: Several agents are meant by 'engineer': engineer_alice, engineer_bob. Give an id, or --all for all of them.\n",
    })
    expect((await run(["stop", "engineer", "--all"])).stdout).toBe(
      "engineer_alice is stopped\nengineer_bob is stopped\n",
    )
    await run(["start", "--all"])
    const { agents } = await json(["list"])
    expect(agents).toMatchObject([{ state: "ready" }, { state: "ready" }, { state: "ready" }])
  })

  it("append what is to be remembered, dated, and the next thread knows it", async () => {
    expect(await run(["remember", "alice", "The", "word", "is", "plum."])).toMatchObject({
      code: 0,
      stderr: "",
    })
    expect(await run(["remember", "alice"], "By pipe.\n")).toMatchObject({ code: 0 })
    const memory = readFileSync(join(home, "engineer_alice/memory/memory.md"), "utf8")
    expect(memory).toMatch(/- \d{4}-\d\d-\d\d: The word is plum\.\n- \d{4}-\d\d-\d\d: By pipe\.\n$/)
    const doing = "[[commentary:half way]][[shell:true]][[then]][[edit:plan.txt|plums]][[say:x]]"
    const { stdout, stderr } = await run(["connect", "alice", "--new"], doing)
    expect([stdout, stderr]).toEqual([
      "x\n",
      expect.stringMatching(/^half way\n\$ .*true.*\nadded \S*plan\.txt\n$/),
    ])
    expect(JSON.stringify(model.requests.at(-1)?.body)).toContain("The word is plum.")
  })

  it("talk through a pipe, in a conversation that goes on, about the folder that is given", async () => {
    const folder = join(user.path, "project")
    mkdirSync(folder)
    const first = await run(["connect", "manager", folder], "The tree is a plum. [[say:hello]]")
    expect(first).toEqual({ code: 0, stdout: "hello\n", stderr: "" })
    const body = JSON.stringify(model.requests.at(-1)?.body)
    expect(body).toContain(folder)
    const second = await run(["connect", "manager"], "[[shell:echo hi]][[say:again]]")
    expect(second).toEqual({ code: 0, stdout: "again\n", stderr: expect.stringContaining("$ ") })
    expect(second.stderr).toContain("echo hi")
    expect(JSON.stringify(model.requests.at(-1)?.body)).toContain("The tree is a plum.")
  })

  it("talk in JSON lines", async () => {
    const { code, stdout } = await run(["connect", "manager", "--json"], '[[say:one]]\n"[[say:two]]"\n')
    expect(code).toBe(0)
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.filter(({ type }) => type === "response")).toMatchObject([
      { status: "completed", text: "one", model: "manager" },
      { status: "completed", text: "two" },
    ])
  })

  it("say why a turn failed, with exit code 1", async () => {
    await run(["stop", "bob"])
    const { code, stderr, stdout } = await run(["connect", "bob"], "hi")
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toContain("ai-agent-proxy start engineer_bob")
  })

  it("fire an agent into the archive", async () => {
    const { stdout } = await run(["fire", "bob"])
    expect(stdout).toMatch(
      /^engineer_bob is fired; its workspace is ~\/\.ai_agent_proxy\/archive\/engineer_bob-\S+\n$/,
    )
    expect(existsSync(join(home, "engineer_bob"))).toBe(false)
    expect(await run(["fire", "bob"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no agent 'bob'"),
    })
  })

  it("init the agent of a role, keep what a person changed, and with --force keep a copy of it", async () => {
    expect((await run(["init", "researcher"])).stdout).toMatch(/^id {9}researcher\n[\s\S]*pid {8}\d+\n$/)
    const soul = join(home, "researcher", "SOUL.md")
    writeFileSync(soul, "mine")
    await run(["init", "researcher"])
    expect(readFileSync(soul, "utf8")).toBe("mine")
    const { stderr } = await run(["init", "researcher", "--force"])
    expect(readFileSync(soul, "utf8")).not.toBe("mine")
    const kept = /SOUL\.md\.\S+\.bak/.exec(stderr)?.[0] ?? ""
    expect(readFileSync(join(home, "researcher", kept), "utf8")).toBe("mine")
  })

  it("interrupt the turn and end by Ctrl-C, also in a pipe", async () => {
    const child = spawn(process.execPath, [mainProgram, "connect", "manager"], { env, stdio: "pipe" })
    const stderr = textOf(child.stderr)
    child.stdin.end("[[shell:sleep 61]]")
    await waitFor(() => isSleeping(61), { what: "the command to run", timeoutMs: 30_000 })
    child.kill("SIGINT")
    await once(child, "exit")
    expect([child.exitCode, (await stderr).split("\n").at(-2)]).toEqual([130, "Interrupted."])
    await waitFor(() => !isSleeping(61), { what: "the command to end", timeoutMs: 30_000 })
  })

  it("stop an agent in the middle of a turn; it stays so over a restart of the service, until it is started", async () => {
    const talk = run(["connect", "manager", "--json"], "[[shell:sleep 62]]\n")
    await waitFor(() => isSleeping(62), { what: "the command to run", timeoutMs: 30_000 })
    expect((await run(["stop", "manager"])).stdout).toBe("manager is stopped\n")
    const { code, stdout } = await talk
    const last: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "")
    expect([code, last]).toMatchObject([1, { type: "response", status: "failed" }])
    expect(JSON.stringify(last)).toContain("ai-agent-proxy start manager")
    expect(isSleeping(62)).toBe(false)
    await daemon.stop()
    daemon = await startDaemonProcess({ userHome: user.path, env, args: ["--cli", codexExecutable()] })
    expect(await run(["connect", "manager"], "hi")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("ai-agent-proxy start manager"),
    })
    expect((await run(["start", "manager"])).stdout).toMatch(/^manager is ready \(pid \d+\)\n$/)
    expect((await run(["connect", "manager"], "[[say:back]]")).stdout).toBe("back\n")
    expect(JSON.stringify(model.requests.at(-1)?.body)).toContain("The tree is a plum.")
  })

  it("complete commands, options and agents", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { stdout, code } = await run(["completion", shell])
      expect(code).toBe(0)
      for (const word of ["hire", "connect", "standalone"]) expect(stdout).toContain(word)
    }
    expect((await run(["completion", "agents"])).stdout.split("\n")).toEqual(
      expect.arrayContaining(["manager", "engineer_alice", "alice"]),
    )
  })
})

describe("the commands, while the service is down", () => {
  let folder: TempDir
  let down: string

  beforeAll(async () => {
    folder = await createTempDir("down")
    down = join(folder.path, "home")
  })
  afterAll(() => folder.remove())

  const runDown = (args: readonly string[], stdin?: string): Promise<CommandResult> =>
    runCommand(args, { env: { ...env, AI_AGENT_PROXY_HOME: down }, ...(stdin !== undefined && { stdin }) })

  it("make, list, stop and fire agents: their folders are the truth", async () => {
    expect(await runDown(["list"])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("init"),
    })
    expect(await runDown(["init"])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("the service is not running"),
    })
    await runDown(["hire", "engineer", "alice"])
    expect((await runDown(["stop", "alice"])).stdout).toBe("engineer_alice is stopped\n")
    const list = await runDown(["list"])
    expect(list.stdout).toBe("manager\nengineer_alice\n")
    expect(JSON.parse((await runDown(["list", "--json"])).stdout).agents).toMatchObject([
      { id: "manager", state: "down" },
      { id: "engineer_alice", state: "stopped" },
    ])
    expect(list.stderr).toContain("The service is not running. Start it with `ai-agent-proxy daemon`.")
    expect((await runDown(["start", "alice"])).stdout).toBe("engineer_alice is down\n")
    expect(await runDown(["remember", "alice", "Plum."])).toMatchObject({ code: 0 })
    expect((await runDown(["fire", "alice"])).stdout).toContain("engineer_alice is fired")
  })

  it.each([["status"], ["connect", "manager"]])("say how to start it: %s", async (...args) => {
    const result = await runDown(args, "hi")
    expect(result).toMatchObject({ code: 1, stdout: "" })
    expect(result.stderr).toContain("ai-agent-proxy daemon")
  })

  it("talk to an agent without it, on no TCP port, and leave no process", async () => {
    const cli = { AI_AGENT_PROXY_CLI: codexExecutable(), AI_AGENT_PROXY_HOME: down }
    const result = await runCommand(["connect", "manager", "--standalone"], {
      env: { ...env, ...cli },
      stdin: "[[say:alone]]",
    })
    expect(result).toMatchObject({ code: 0, stdout: "alone\n" })
    expect(existsSync(join(down, "daemon.sock"))).toBe(false)
    const folders = readdirSync("/proc").flatMap((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`)
      } catch {
        // No process, another user's, or one that has just ended.
        return []
      }
    })
    expect(folders.filter((each) => each.startsWith(down))).toEqual([])
  })

  it("fail where their result cannot be written", async () => {
    const script = `exec "$@" > /dev/full`
    const child = spawn("bash", ["-c", script, "bash", process.execPath, mainProgram, "list", "--json"], {
      env: { ...env, AI_AGENT_PROXY_HOME: down },
    })
    const stderr = textOf(child.stderr)
    await once(child, "exit")
    expect(child.exitCode).toBe(1)
    expect(await stderr).toMatch(/^ai-agent-proxy: the result cannot be written: ENOSPC.*\n$/)
  })

  it("name a broken control file with its line", async () => {
    const path = join(down, "manager", "control", "agent.json")
    const before = readFileSync(path, "utf8")
    writeFileSync(path, '{\n"role": oops\n}')
    const { stderr, code } = await runDown(["list"])
    expect([code, stderr.includes(`${path}:2 is not valid JSON`)]).toEqual([0, true])
    expect(await runDown(["stop", "manager"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${path}:2`),
    })
    writeFileSync(path, before)
  })
})

describe("a home with a path that is too long for a socket", () => {
  it("works all the same", async () => {
    const folder = await createTempDir("long")
    const long = join(folder.path, "a".repeat(60), "b".repeat(60), "home")
    mkdirSync(long, { recursive: true, mode: 0o700 })
    const { AI_AGENT_PROXY_PASS_ENV: _, ...rest } = env
    const child = await startDaemonProcess({
      userHome: folder.path,
      env: { ...rest },
      args: ["--home", long, "--cli", "no-such-cli"],
    })
    const { code, stdout, stderr } = await runCommand(["list", "--home", long, "--json"], { env })
    expect([code, stderr]).toEqual([0, ""])
    expect(JSON.parse(stdout)).toMatchObject({
      service: "up",
      agents: [{ id: "manager", state: "not_ready" }],
    })
    await child.stop()
    await waitFor(() => !existsSync(join(long, "daemon.sock")), { what: "the socket to be gone" })
    await folder.remove()
  })
})
