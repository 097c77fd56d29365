import { spawn } from "node:child_process"
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { CodexBackend } from "../../src/backends/codex/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import { explain } from "../../src/domain/agents.ts"
import type { Backend, BackendEvent } from "../../src/domain/backend.ts"
import { isRunning } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"
import { inputOf, noOptions, runTurn } from "./turn-recording.ts"

const program = fileURLToPath(new URL("programs/fake-app-server.ts", import.meta.url))

describe("a codex app-server that misbehaves", () => {
  let folder: TempDir
  let backend: Backend | null
  let events: BackendEvent[]
  let nowMs: number

  beforeEach(async () => {
    folder = await createTempDir("faults")
    backend = null
    events = []
    nowMs = 0
  })

  afterEach(async () => {
    await backend?.stop()
    await folder.remove()
  })

  const file = (name: string) => path.join(folder.path, name)

  function install(name = "codex"): void {
    writeFileSync(file(name), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
    chmodSync(file(name), 0o755)
  }

  function start(scenario: string): Backend {
    backend = new CodexBackend({
      executable: "codex",
      cwd: folder.path,
      env: {
        PATH: `${folder.path}:/usr/bin:/bin`,
        SCENARIO: scenario,
        LOG: file("log"),
        LOGIN: file("login"),
      },
      model: null,
      permissions: "full",
      memory: new BackendMemory(),
      onEvent: (event) => events.push(event),
      log: () => {},
      timeouts: { handshakeMs: 2_000, interruptMs: 300, endStepMs: 500 },
      now: () => nowMs,
    })
    return backend
  }

  const received = () =>
    readFileSync(file("log"), "utf8")
      .trim()
      .split("\n")
      .map((line): Record<string, unknown> => JSON.parse(line))

  const startCount = () =>
    existsSync(file("log")) ? received().filter((entry) => "started" in entry).length : 0

  it("loses nothing that comes before the answer of turn/start", async () => {
    install()
    const running = start("early")
    const turn = await runTurn(running, await running.openThread(noOptions), "hi")
    expect(turn.events.map((event) => event.type)).toEqual([
      "turn.started",
      "item.started",
      "item.delta",
      "item.completed",
      "turn.completed",
    ])
    expect(turn.ref).toBe("turn-1")
  })

  it("interrupts a turn that nobody asked for, and keeps its words out of ours", async () => {
    install()
    const running = start("uninvited")
    const turn = await runTurn(running, await running.openThread(noOptions), "hi")
    expect(turn.streamed).toBe("yours")
    expect(events).toContainEqual({ type: "turn.uninvited", thread: "thread-1" })
    await waitFor(() => received().find((entry) => entry.method === "turn/interrupt"), {
      what: "turn/interrupt",
    })
    expect(received().find((entry) => entry.method === "turn/interrupt")).toMatchObject({
      params: { threadId: "thread-1", turnId: "turn-of-nobody" },
    })
  })

  it("goes on after lines, notifications and items that it cannot read", async () => {
    install()
    const running = start("malformed")
    const turn = await runTurn(running, await running.openThread(noOptions), "hi")
    expect(turn.answer).toBe("still fine")
    expect(turn.last.type).toBe("turn.completed")
  })

  it("declines whatever codex asks for, so that no turn hangs", async () => {
    install()
    const running = start("asks")
    const turn = await runTurn(running, await running.openThread(noOptions), "hi")
    const [approval, unknown, call] = turn.answer.split("\n").map((line) => JSON.parse(line))
    expect(approval).toEqual({ decision: "decline" })
    expect(unknown).toMatchObject({ code: -32601 })
    expect(call).toMatchObject({ success: false })
  })

  it("refuses a second turn of a thread that is busy, and leaves the first alone", async () => {
    install()
    const running = start("obedient")
    const thread = await running.openThread(noOptions)
    let second = null
    const first = await runTurn(running, thread, "hi", async (event, turn) => {
      if (event.type !== "item.delta") return
      second = await runTurn(running, thread, "me too")
      await turn.interrupt()
    })
    expect(second).toMatchObject({ last: { type: "turn.failed", error: { code: "backend_error" } } })
    expect(first.last.type).toBe("turn.interrupted")
    expect(received().filter((entry) => entry.method === "turn/start")).toHaveLength(1)
  })

  it("ends an interrupted turn by itself when codex does not, and never uses that thread again", async () => {
    install()
    const running = start("deaf")
    const thread = await running.openThread(noOptions)
    const turn = await runTurn(running, thread, "hi", (event, asked) => {
      if (event.type === "item.delta") void asked.interrupt()
    })
    expect(turn.last.type).toBe("turn.interrupted")
    await expect(running.resumeThread(thread, noOptions)).rejects.toMatchObject({ code: "thread_lost" })
  })

  it.each(["forgets", "forgets, deaf"])(
    "ends a command of an interrupted turn that codex has no more, and nobody else's: %s",
    async (scenario) => {
      install()
      const running = start(scenario)
      const thread = await running.openThread(noOptions)
      // Of a person who goes on with the thread in a codex of their own.
      const persons = spawn("sleep", ["300"], { env: { ...process.env, CODEX_THREAD_ID: thread } })
      const turn = await runTurn(running, thread, "hi", (event, asked) => {
        if (event.type === "item.delta") void asked.interrupt()
      })
      expect(turn.last.type).toBe("turn.interrupted")
      expect(isRunning(persons.pid ?? 0)).toBe(true)
      persons.kill("SIGKILL")
      const { own, others } = received().find((entry) => "own" in entry) ?? {}
      expect([isRunning(Number(own)), isRunning(Number(others))]).toEqual([false, true])
      await running.stop()
      expect(isRunning(Number(others))).toBe(false)
    },
  )

  it("replaces a process that no longer answers", async () => {
    install()
    const running = start("frozen")
    const thread = await running.openThread(noOptions)
    const turn = await runTurn(running, thread, "hi", (event, asked) => {
      if (event.type === "item.delta") void asked.interrupt()
    })
    expect(turn.last.type).toBe("turn.interrupted")
    const exited = await waitFor(() => events.find((event) => event.type === "process.exited"), {
      what: "the process to be ended",
    })
    if (exited.type !== "process.exited") throw new Error("not an exit")
    expect(isRunning(exited.pid)).toBe(false)
    await running.resumeThread(thread, noOptions)
    expect(startCount()).toBe(2)
  })

  it("is not ready without the program, and ready as soon as it is installed and logged in", async () => {
    const running = start("obedient")
    expect(await running.readiness()).toMatchObject({
      isReady: false,
      reason: expect.stringContaining("`codex`"),
      nextStep: expect.stringContaining("npm install -g @openai/codex"),
    })
    await expect(running.openThread(noOptions)).rejects.toMatchObject({ code: "agent_not_ready" })
    const turn = await runTurn(running, "thread-1", inputOf("hi"))
    expect(turn.last).toMatchObject({ type: "turn.failed", error: { code: "agent_not_ready" } })

    install()
    expect(await running.readiness()).toMatchObject({
      isReady: false,
      nextStep: expect.stringContaining("codex login"),
    })
    writeFileSync(file("login"), "")
    expect(await running.readiness()).toEqual({ isReady: true })
    expect(await running.readiness()).toEqual({ isReady: true })
    expect(startCount()).toBe(1)
  })

  it("is not ready when the handshake does not come, and leaves no process", async () => {
    install()
    const running = start("mute")
    expect(await running.readiness()).toMatchObject({
      isReady: false,
      reason: expect.stringContaining("did not answer within"),
    })
    const started = received().find((entry) => "started" in entry)
    expect(isRunning(Number(started?.started))).toBe(false)
  })

  it("starts again at once after a first death, then with growing pauses, and tells what the program said", async () => {
    install()
    const running = start("dies")
    const tryAt = async (ms: number) => {
      nowMs = ms
      const readiness = await running.readiness()
      return { count: startCount(), told: readiness.isReady ? "" : explain(readiness) }
    }
    const first = await tryAt(0)
    expect(first.told).toContain("the configuration is broken in line 3")
    expect(await tryAt(1)).toMatchObject({ count: 2 })
    expect(await tryAt(900)).toEqual({ count: 2, told: first.told })
    expect(await tryAt(1_001)).toMatchObject({ count: 3 })
    expect(await tryAt(2_900)).toMatchObject({ count: 3 })
    expect(await tryAt(3_001)).toMatchObject({ count: 4 })
  })

  it("leaves nothing behind of what it had started when it dies by itself", async () => {
    install()
    const running = start("leaves a child")
    const turn = await runTurn(running, await running.openThread(noOptions), "hi")
    expect(turn.last).toMatchObject({ type: "turn.failed", error: { code: "backend_died" } })
    const child = Number(received().find((entry) => "child" in entry)?.child)
    expect(child).toBeGreaterThan(0)
    await waitFor(() => !isRunning(child), { what: "its child to be ended" })
  })

  it("has not died where it is stopped", async () => {
    install()
    const running = start("early")
    await runTurn(running, await running.openThread(noOptions), "hi")
    await running.stop()
    expect(events.at(-1)).toMatchObject({ type: "process.exited", isExpected: true })
  })

  it("can be stopped while it starts, and twice", async () => {
    install()
    const running = start("mute")
    const readiness = running.readiness()
    await waitFor(() => startCount() === 1, { what: "the program to start" })
    await Promise.all([running.stop(), running.stop()])
    expect((await readiness).isReady).toBe(false)
    const started = received().find((entry) => "started" in entry)
    expect(isRunning(Number(started?.started))).toBe(false)
  })
})
