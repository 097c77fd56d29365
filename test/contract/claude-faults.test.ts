import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ClaudeBackend } from "../../src/backends/claude/backend.ts"
import type { ClaudeBackendOptions } from "../../src/backends/claude/options.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import type { Backend, BackendEvent } from "../../src/domain/backend.ts"
import { agentEnvironment, agentPath, recordedPids } from "../agents/agents.ts"
import { isRunning, processEntry } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"
import { noOptions, runTurn } from "./turn-recording.ts"

let folder: TempDir
let backend: Backend
let events: BackendEvent[]

const file = (name: string) => join(folder.path, name)
const pids = () => events.flatMap((event) => (event.type === "process.started" ? [event.pid] : []))
const living = () => pids().filter(isRunning)

beforeEach(async () => {
  folder = await createTempDir("claude-faults")
  events = []
  writeFileSync(
    file("claude"),
    `#!/bin/sh\nexec '${process.execPath}' '${agentPath("fake-claude.ts")}' "$@"\n`,
  )
  chmodSync(file("claude"), 0o755)
  logIn()
})

afterEach(async () => {
  await backend.stop()
  expect(living()).toEqual([])
  await folder.remove()
})

function logIn(): void {
  writeFileSync(file(".credentials.json"), "{}")
}

function start(options: Partial<ClaudeBackendOptions> = {}, env: Record<string, string> = {}): Backend {
  const environment = agentEnvironment({ CLAUDE_CONFIG_DIR: folder.path, PIDS: file("pids"), ...env })
  backend = new ClaudeBackend({
    executable: file("claude"),
    cwd: folder.path,
    env: environment,
    model: null,
    permissions: "full",
    toolEndpoint: null,
    onEvent: (event) => events.push(event),
    log: () => {},
    memory: new BackendMemory(),
    ...options,
  })
  return backend
}

const open = () => backend.openThread(noOptions)

describe("a claude that prints something else than its protocol", () => {
  it("is understood beside update notices, unknown events and unknown blocks", async () => {
    start()
    const turn = await runTurn(backend, await open(), "hello")
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.answer).toBe("answer 1")
    expect(turn.items).toHaveLength(1)
  })

  it("is understood where bytes are no text", async () => {
    start()
    const turn = await runTurn(backend, await open(), "bytes")
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.answer).toBe("a\ufffd\ufffdb")
  })

  it("fails a turn whose end cannot be read", async () => {
    start()
    const { last } = await runTurn(backend, await open(), "unreadable")
    expect(last).toMatchObject({ type: "turn.failed", error: { code: "backend_error" } })
  })
})

it("is no death where the agent is stopped", async () => {
  start()
  await runTurn(backend, await open(), "hello")
  await backend.stop()
  expect(events.at(-1)).toMatchObject({ type: "process.exited", isExpected: true })
})

describe("a claude that does not do as it is told", () => {
  it("is ended with all that it started when it takes no interrupt; the next turn has a new one", async () => {
    start({
      timeouts: {
        interruptMs: 100,
        endSteps: [
          { signal: "SIGINT", waitMs: 100 },
          { signal: "SIGKILL", waitMs: 5_000 },
        ],
      },
    })
    const thread = await open()
    const turn = await runTurn(backend, thread, "wedge", (event, running) => {
      if (event.type === "item.completed") void running.interrupt()
    })
    expect(turn.last.type).toBe("turn.interrupted")
    const children = recordedPids(file("pids"))
    expect(children).toHaveLength(1)
    expect([...children, ...pids()].filter(isRunning)).toEqual([])
    expect((await runTurn(backend, thread, "hello")).answer).toBe("answer 1")
  })

  it("fails the turn with its last words when it dies, and is started again", async () => {
    start()
    const thread = await open()
    const { last } = await runTurn(backend, thread, "die")
    expect(last).toMatchObject({
      type: "turn.failed",
      error: { code: "backend_died", message: expect.stringContaining("the disk is on fire") },
    })
    expect((await runTurn(backend, thread, "hello")).answer).toBe("answer 1")
  })

  it("fails the turn with its update notice when that is all it prints", async () => {
    start({}, { FAKE_CLAUDE_ONLY_NOTICE: "1" })
    const { last } = await runTurn(backend, await open(), "hello")
    expect(last).toMatchObject({
      type: "turn.failed",
      error: { code: "backend_died", message: expect.stringContaining("Run: claude update") },
    })
  })

  it("is interrupted when it begins a turn by itself", async () => {
    start()
    const thread = await open()
    expect((await runTurn(backend, thread, "self")).answer).toBe("done")
    await waitFor(() => events.some((event) => event.type === "turn.uninvited"), {
      what: "the turn to be noticed",
    })
    expect((await runTurn(backend, thread, "hello")).last.type).toBe("turn.completed")
  })

  it("fails the turn when it does not answer at its start, and is not left running", async () => {
    start({ timeouts: { startMs: 200 } }, { FAKE_CLAUDE_MUTE: "1" })
    const { last } = await runTurn(backend, await open(), "hello")
    expect(last).toMatchObject({ type: "turn.failed", error: { code: "backend_died" } })
    expect(living()).toEqual([])
  })
})

describe("a claude that cannot work", () => {
  it("is named as not installed, with the next step", async () => {
    start({ executable: "claude" }, { PATH: "/nowhere" })
    expect(await backend.readiness()).toMatchObject({
      isReady: false,
      reason: expect.stringContaining("`claude` is not on the PATH"),
      nextStep: expect.stringContaining("npm install -g @anthropic-ai/claude-code"),
    })
  })

  it("is named as too old, with the next step", async () => {
    start({}, { FAKE_CLAUDE_VERSION: "2.1.42" })
    expect(await backend.readiness()).toMatchObject({
      isReady: false,
      reason: "claude 2.1.42 is too old: 2.1.197 or newer is needed",
      nextStep: expect.stringContaining("claude update"),
    })
  })

  it("is named as another program", async () => {
    start({ executable: "/bin/true" })
    expect(await backend.readiness()).toMatchObject({
      isReady: false,
      reason: expect.stringContaining("does not answer as claude does"),
    })
  })

  it("is named as not logged in, and is ready once it is", async () => {
    await folder.remove()
    folder = await createTempDir("claude-faults")
    writeFileSync(
      file("claude"),
      `#!/bin/sh\nexec '${process.execPath}' '${agentPath("fake-claude.ts")}' "$@"\n`,
    )
    chmodSync(file("claude"), 0o755)
    start()
    expect(await backend.readiness()).toMatchObject({
      isReady: false,
      reason: "claude is not logged in",
      nextStep: expect.stringContaining("claude auth login"),
    })
    logIn()
    expect(await backend.readiness()).toEqual({ isReady: true })
  })

  it("names a log-in that was lost in the turn that finds out", async () => {
    start()
    const { last } = await runTurn(backend, await open(), "logout")
    expect(last).toMatchObject({
      type: "turn.failed",
      error: { code: "agent_not_ready", message: expect.stringContaining("claude auth login") },
    })
    expect(events).toContainEqual({ type: "account.changed" })
  })

  it("tells its efforts and version as the program itself does", async () => {
    start({}, { FAKE_CLAUDE_VERSION: "3.0.1" })
    expect(await backend.capabilities()).toMatchObject({
      program: "claude 3.0.1",
      version: "3.0.1",
      efforts: ["low", "high"],
      hasFunctions: false,
    })
  })
})

describe("claude processes that nobody uses", () => {
  it("are ended after the idle limit", async () => {
    start({ timeouts: { idleMs: 50 } })
    const thread = await open()
    await runTurn(backend, thread, "hello")
    await waitFor(() => living().length === 0, { what: "the idle process to end" })
    expect((await runTurn(backend, thread, "hello")).last.type).toBe("turn.completed")
    expect(pids()).toHaveLength(2)
  })

  it("are kept up to the limit, the newest of them", async () => {
    start({ maxIdle: 1 })
    const [first, second] = [await open(), await open()]
    await runTurn(backend, first, "hello")
    await runTurn(backend, second, "hello")
    await waitFor(() => living().length === 1, { what: "the older process to end" })
    expect(living()).toEqual(pids().slice(1))
    expect((await runTurn(backend, second, "hello")).answer).toBe("answer 2")
  })

  it("take no turn while they end: it has a new one", async () => {
    start({ timeouts: { idleMs: 1, closeMs: 500 } }, { FAKE_CLAUDE_LINGERS: "1" })
    const thread = await open()
    await runTurn(backend, thread, "hello")
    const ending = await waitFor(() => recordedPids(file("pids"))[0], {
      what: "the idle process to be told to end",
    })
    expect(isRunning(ending)).toBe(true)
    expect((await runTurn(backend, thread, "hello")).last.type).toBe("turn.completed")
    expect(isRunning(ending)).toBe(false)
    expect(pids()).toHaveLength(2)
  })

  it("show neither instructions nor the token of functions in the list of processes", async () => {
    start({
      toolEndpoint: {
        open: async () => ({
          url: "http://127.0.0.1:9/mcp",
          headers: { authorization: "Bearer secret-token" },
          setTools: async () => true,
          close: () => {},
        }),
      },
    })
    const tool = { name: "f", description: "", parameters: {} }
    const thread = await backend.openThread({ ...noOptions, instructions: "secret words", tools: [tool] })
    await runTurn(backend, thread, "hello")
    const [commandLine] = living().map((pid) => processEntry(pid)?.commandLine)
    expect(commandLine).toContain("--mcp-config")
    expect(commandLine).not.toContain("secret")
  })
})
