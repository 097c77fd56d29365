import { existsSync, readFileSync } from "node:fs"
import { chmod, copyFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import type { ExecBackendOptions } from "../../src/backends/exec/options.ts"
import type { TurnEvent } from "../../src/domain/turn-events.ts"
import { agentPath } from "../agents/agents.ts"
import { isRunning } from "../support/processes.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"
import { createExecFixture, type ExecFixture } from "./exec-fixture.ts"
import { inputOf, noOptions, runTurn } from "./turn-recording.ts"

const fixtures: ExecFixture[] = []

afterEach(async () => {
  for (const fixture of fixtures.splice(0)) await fixture.remove()
})

async function fixtureOf(agent: string, options: Partial<ExecBackendOptions> = {}): Promise<ExecFixture> {
  const fixture = await createExecFixture(agent, options)
  fixtures.push(fixture)
  return fixture
}

/** One turn in a new thread. */
async function run({ backend }: ExecFixture, prompt: string, onEvent?: Parameters<typeof runTurn>[3]) {
  return runTurn(backend, await backend.openThread(noOptions), prompt, onEvent)
}

const hasBegun = (event: TurnEvent) => event.type === "item.delta"

describe("a plain-text program", () => {
  it("that exits with a code fails the turn with its last words, and completes nothing", async () => {
    const turn = await run(await fixtureOf("plain-agent.sh"), "exit 3")
    expect(turn.streamed).toBe("part of an answer")
    expect(turn.items).toEqual([])
    expect(turn.last).toEqual({
      type: "turn.failed",
      usage: null,
      error: {
        code: "backend_error",
        message: "plain-agent.sh ended with exit code 3: the disk is full",
        modelStatus: null,
      },
    })
  })

  it("that is killed fails the turn, and can be used afterwards", async () => {
    const fixture = await fixtureOf("plain-agent.sh")
    const thread = await fixture.backend.openThread(noOptions)
    const turn = await runTurn(fixture.backend, thread, "die")
    expect(turn.last).toMatchObject({
      type: "turn.failed",
      error: { code: "backend_died", message: expect.stringContaining("SIGKILL") },
    })
    expect((await runTurn(fixture.backend, thread, "say again")).answer).toBe("again")
  })

  it("that ignores all polite signals is ended with its whole tree when the turn is interrupted", async () => {
    const fixture = await fixtureOf("plain-agent.sh")
    const thread = await fixture.backend.openThread(noOptions)
    const turn = fixture.backend.startTurn(thread, inputOf("stubborn"))
    const events = collect(turn.events)
    const pids = await waitFor(() => fixture.pids().length === 4 && fixture.pids(), { what: "the tree" })
    expect(pids.every(isRunning)).toBe(true)
    await turn.interrupt()
    expect((await events).at(-1)?.type).toBe("turn.interrupted")
    expect(pids.filter(isRunning)).toEqual([])
  })

  it("is ended with its whole tree when the agent stops", async () => {
    const fixture = await fixtureOf("plain-agent.sh")
    const thread = await fixture.backend.openThread(noOptions)
    const events = collect(fixture.backend.startTurn(thread, inputOf("stubborn")).events)
    const pids = await waitFor(() => fixture.pids().length === 4 && fixture.pids(), { what: "the tree" })
    await Promise.all([fixture.backend.stop(), fixture.backend.stop()])
    expect(pids.filter(isRunning)).toEqual([])
    expect((await events).at(-1)).toMatchObject({ type: "turn.failed", error: { code: "agent_stopped" } })
    expect(await fixture.backend.readiness()).toMatchObject({ isReady: false })
    expect((await run(fixture, "say x")).last).toMatchObject({ type: "turn.failed" })
  })

  it("leaves nothing behind that holds its output open: neither the turn nor the process waits", async () => {
    const fixture = await fixtureOf("plain-agent.sh")
    const turn = await run(fixture, "leave")
    expect(turn.answer).toBe("left something behind")
    await waitFor(() => !fixture.pids().some(isRunning), { what: "the leftover to be ended" })
  })

  it("that floods is stopped at the bound", async () => {
    const fixture = await fixtureOf("plain-agent.sh", { maxAnswerLength: 1_000_000 })
    const turn = await run(fixture, "flood")
    expect(turn.last).toMatchObject({
      type: "turn.failed",
      error: { code: "backend_error", message: expect.stringContaining("longer than 1000000 characters") },
    })
    expect(turn.streamed.length).toBeLessThanOrEqual(1_000_000)
  })

  it("may cut characters in two and print bytes that are none; line ends at the end are not the answer", async () => {
    const turn = await run(await fixtureOf("plain-agent.sh"), "bytes")
    expect(turn.answer).toBe("grün \ufffd end")
    expect(turn.streamed).toBe(turn.answer)
  })

  it("that says nothing gives an empty answer", async () => {
    const turn = await run(await fixtureOf("plain-agent.sh"), "nothing")
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.items).toHaveLength(1)
    expect(turn.answer).toBe("")
  })

  it("shows by words on stderr that it is at work, and none of them are passed on", async () => {
    const turn = await run(await fixtureOf("plain-agent.sh"), "progress")
    const notices = turn.events.filter((event) => event.type === "notice")
    expect(notices).toEqual([{ type: "notice", message: "The agent is at work", tells: "progress" }])
  })

  it("is one process a turn: a second turn of a thread that is at work is refused", async () => {
    const { backend } = await fixtureOf("plain-agent.sh")
    const thread = await backend.openThread(noOptions)
    const first = backend.startTurn(thread, inputOf("count to 500"))
    const second = await runTurn(backend, thread, "say x")
    expect(second.last).toMatchObject({ type: "turn.failed", error: { code: "backend_error" } })
    await first.interrupt()
    expect((await collect(first.events)).at(-1)?.type).toBe("turn.interrupted")
  })

  it("that is missing is not ready, and is found once it is installed", async () => {
    const folder = await createTempDir("program")
    const file = join(folder.path, "agent")
    const fixture = await fixtureOf("plain-agent.sh", { executable: file })
    expect(await fixture.backend.readiness()).toMatchObject({
      isReady: false,
      detail: expect.stringContaining(file),
    })
    expect((await run(fixture, "say x")).last).toMatchObject({
      type: "turn.failed",
      error: { code: "agent_not_ready" },
    })
    await copyFile(agentPath("plain-agent.sh"), file)
    await chmod(file, 0o755)
    expect(await fixture.backend.readiness()).toEqual({ isReady: true })
    expect((await run(fixture, "say x")).answer).toBe("x")
    await rm(file)
    expect((await run(fixture, "say x")).last).toMatchObject({
      type: "turn.failed",
      error: { code: "agent_not_ready" },
    })
    await folder.remove()
  })
})

describe("a program with --json", () => {
  it("tells commentary from the answer, and reconnecting is no progress", async () => {
    const turn = await run(await fixtureOf("json-agent.ts"), "work")
    expect(turn.items).toMatchObject([
      { type: "message", phase: "commentary", content: [{ text: "I look." }] },
      { type: "message", phase: "final_answer", content: [{ text: "It is empty." }] },
    ])
    expect(turn.events.map((event) => event.type)).toEqual([
      "turn.started",
      "item.completed",
      "item.started",
      "notice",
      "item.completed",
      "turn.completed",
    ])
    expect(turn.events[3]).toMatchObject({
      tells: "trouble",
      message: expect.stringContaining("Reconnecting"),
    })
  })

  it.for([
    ["unexpected status 401 Unauthorized: no, url: http://127.0.0.1/v1/responses", "agent_not_ready", 401],
    ["exceeded retry limit, last status: 429 Too Many Requests", "rate_limit_exceeded", 429],
    ['{"type":"error","error":{"type":"api_error","code":400,"message":"bad input"}}', "model_refused", 400],
    ["We’re currently experiencing high demand, which may cause temporary errors.", "model_error", 500],
    ["Missing environment variable: `FAKE_KEY`.", "agent_not_ready", null],
  ] as const)("that fails with %s gives the true code and status", async ([message, code, modelStatus]) => {
    const turn = await run(await fixtureOf("json-agent.ts"), `fail ${message}`)
    expect(turn.last).toMatchObject({ type: "turn.failed", error: { code, modelStatus } })
  })

  it("may print garbage, unknown events and items of another form", async () => {
    const turn = await run(await fixtureOf("json-agent.ts"), "garbage")
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.answer).toBe("still understood")
  })

  it("that prints only garbage is ended", async () => {
    const fixture = await fixtureOf("json-agent.ts")
    const turn = await run(fixture, "babble")
    expect(turn.last).toMatchObject({
      type: "turn.failed",
      error: { code: "backend_error", message: expect.stringContaining("not JSON") },
    })
    // Resolves only when the process is gone.
    await fixture.backend.stop()
  })

  it.for([
    [0, "backend_error", "ended without saying how the turn went: I have had enough"],
    [1, "backend_died", "ended with exit code 1: I have had enough"],
  ] as const)("that ends with code %i in the middle has failed", async ([code, errorCode, words]) => {
    const turn = await run(await fixtureOf("json-agent.ts"), `quit ${code}`)
    expect(turn.last).toMatchObject({
      type: "turn.failed",
      error: { code: errorCode, message: expect.stringContaining(words) },
    })
  })

  it("that hangs is interrupted; its thread goes on with what was said", async () => {
    const { backend, runs } = await fixtureOf("json-agent.ts")
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "say one")
    const turn = backend.startTurn(thread, inputOf("hang"))
    const events = collect(turn.events)
    await waitFor(() => runs().length === 2, { what: "the agent to hang" })
    await turn.interrupt()
    expect((await events).at(-1)?.type).toBe("turn.interrupted")
    expect((await runTurn(backend, thread, "say two")).answer).toBe("two")
  })

  it("is told its history again when its first turn was cut off before the model answered", async () => {
    const { backend, runs } = await fixtureOf("json-agent.ts")
    const thread = await backend.openThread(noOptions)
    const turn = backend.startTurn(thread, inputOf("hang"))
    const events = collect(turn.events)
    await waitFor(() => runs().length === 1, { what: "the agent to hang" })
    await turn.interrupt()
    await events
    await runTurn(backend, thread, "say two")
    expect(runs()[1]?.argv).not.toContain("resume")
    expect(runs()[1]?.argv.at(-1)).toContain("hang")
  })

  it("that stays after its last event has answered, and is ended before the next turn", async () => {
    const fixture = await fixtureOf("json-agent.ts", { timeouts: { exitMs: 50 } })
    const thread = await fixture.backend.openThread(noOptions)
    expect((await runTurn(fixture.backend, thread, "linger")).answer).toBe("bye")
    expect((await runTurn(fixture.backend, thread, "say next")).answer).toBe("next")
    expect(fixture.pids()).toHaveLength(2)
    expect(fixture.pids().filter(isRunning)).toEqual([])
  })

  it("that lost its sessions has lost the thread: the engine's cue for a new one", async () => {
    const { backend, workspace } = await fixtureOf("json-agent.ts")
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "say one")
    await rm(join(workspace, "sessions"), { recursive: true })
    const { last } = await runTurn(backend, thread, "say two")
    expect(last).toMatchObject({ type: "turn.failed", error: { code: "thread_lost" } })
    await expect(backend.resumeThread(thread, noOptions)).rejects.toMatchObject({ code: "thread_lost" })
  })
})

it("keeps the arguments of a turn from everybody's eyes but the program's: nothing of them is logged", async () => {
  const lines: string[] = []
  const fixture = await fixtureOf("plain-agent.sh", {
    log: (_level, message, fields) => lines.push(JSON.stringify([message, fields])),
  })
  await run(fixture, "say secret words", (event) => {
    if (hasBegun(event)) lines.push("begun")
  })
  expect(lines).toContain("begun")
  expect(lines.join()).toContain("exec process ended")
  expect(lines.join()).not.toContain("secret")
  expect(existsSync(fixture.stdinFile)).toBe(false)
  expect(readFileSync(join(fixture.workspace, "record"), "utf8")).toContain("secret")
})

async function collect(events: AsyncIterable<readonly TurnEvent[]>): Promise<TurnEvent[]> {
  const all: TurnEvent[] = []
  for await (const batch of events) all.push(...batch)
  return all
}
