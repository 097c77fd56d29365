import { EventEmitter } from "node:events"
import { Worker } from "node:worker_threads"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type Check, compileSchema, SchemaThreads } from "./json-schema.ts"
import { type SchemaJob, SchemaThread, type SchemaThreadOptions } from "./schema-thread.ts"

const compile = (schema: Record<string, unknown>, on: Pick<SchemaThread, "run" | "cpuLimitMs">) =>
  compileSchema(schema, "The rules", "field", on)
const tooComplex = {
  code: "invalid_request",
  param: "field",
  message: expect.stringMatching(/2000 ms of processor/),
}

/** Does nothing by itself. */
class SilentWorker extends EventEmitter {
  /** Processor time since its start; null: it does not say. */
  cpuMs: number | null = 0
  job: SchemaJob | null = null
  isEnded = false

  postMessage(job: SchemaJob): void {
    this.job = job
  }

  cpuUsage(): Promise<NodeJS.CpuUsage> {
    if (this.cpuMs === null) return new Promise(() => {})
    return Promise.resolve({ user: this.cpuMs * 1000, system: 0 })
  }

  begin(cpuMs = 0): void {
    this.cpuMs = cpuMs
    this.emit("message", { answer: null, cpuMs })
  }

  done(cpuMs: number, problems: readonly string[] = []): void {
    this.cpuMs = cpuMs
    this.job = null
    this.emit("message", { answer: { type: "done", problems }, cpuMs })
  }

  async terminate(): Promise<number> {
    this.isEnded = true
    this.emit("exit", 1)
    return 1
  }

  ref(): void {}
  unref(): void {}
}

/** Lets what was promised come about; no time passes. */
const settled = () => vi.advanceTimersByTimeAsync(0)
const elapsed = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe("the time that a JSON Schema may take", () => {
  let workers: SilentWorker[]

  beforeEach(() => {
    workers = []
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const options: SchemaThreadOptions = {
    startWorker: async () => () => {
      const worker = new SilentWorker()
      workers.push(worker)
      return worker as unknown as Worker
    },
  }
  /** The last one that was started. */
  function current(): SilentWorker {
    const worker = workers.at(-1)
    if (worker === undefined) throw new Error("no thread was started")
    return worker
  }
  /** With its schema compiled, which took 10 ms; the thread's start took 40. */
  async function compiled(on: Pick<SchemaThread, "run" | "cpuLimitMs">): Promise<Check> {
    const compiling = compile({ type: "string" }, on)
    await settled()
    current().begin(40)
    await settled()
    current().done(50)
    return compiling
  }
  /** What has become of it so far. */
  function watched<T>(work: Promise<T>): { outcome: unknown } {
    const seen: { outcome: unknown } = { outcome: "open" }
    work.then(
      (value) => (seen.outcome = value),
      (error: unknown) => (seen.outcome = error),
    )
    return seen
  }

  it("is that of the processor, not of a busy machine", async () => {
    const compiling = watched(compile({ type: "string" }, new SchemaThread(options)))
    await settled()
    current().begin()
    await settled()
    current().cpuMs = 1_900
    await elapsed(25_000)
    expect(compiling.outcome).toBe("open")
    current().done(1_950)
    await settled()
    expect(compiling.outcome).toBeTypeOf("function")
    expect(current().isEnded).toBe(false)
  })

  it("is at an end when the schema has used it up, and the thread with it", async () => {
    const compiling = watched(compile({ type: "string" }, new SchemaThread(options)))
    await settled()
    current().begin(40)
    await settled()
    current().cpuMs = 2_039
    await elapsed(2_000)
    expect(compiling.outcome).toBe("open")
    current().cpuMs = 2_040
    await elapsed(50)
    expect(compiling.outcome).toMatchObject(tooComplex)
    expect(current().isEnded).toBe(true)
  })

  it("ends for a value as it does for the schema, each counted by itself", async () => {
    const check = await compiled(new SchemaThread(options))
    const first = watched(check("x"))
    await settled()
    current().done(2_000)
    const second = watched(check("y"))
    await settled()
    expect(first.outcome).toEqual([])
    current().cpuMs = 3_999
    await elapsed(2_000)
    expect(second.outcome).toBe("open")
    current().cpuMs = 4_000
    await elapsed(50)
    expect(second.outcome).toEqual([expect.stringMatching(/2000 ms of processor time/)])
  })

  it.each([
    ["little", 100],
    ["cannot be told", null],
  ])(
    "does not blame the schema when nothing comes for 30 s and what was used is %s",
    async (_name, cpuMs) => {
      const thread = new SchemaThread(options)
      const compiling = watched(compile({ type: "string" }, thread))
      await settled()
      current().begin()
      await settled()
      current().cpuMs = cpuMs
      await elapsed(29_999)
      expect(compiling.outcome).toBe("open")
      await elapsed(1)
      const busy = { code: "agent_unavailable", param: null, hasActed: false, retryAfterSeconds: 10 }
      expect(compiling.outcome).toMatchObject(busy)
      expect(workers.map(({ isEnded }) => isEnded)).toEqual([true])
      await compiled(thread)
      expect(workers).toHaveLength(2)
    },
  )

  it("does not call a value wrong that a busy machine could not check; the agent has said it", async () => {
    const check = await compiled(new SchemaThread(options))
    const checking = watched(check("x"))
    await elapsed(30_000)
    expect(checking.outcome).toMatchObject({ code: "agent_unavailable", hasActed: true })
  })

  it("leaves a thread to start that a busy machine keeps from it, and keeps nobody waiting for longer", async () => {
    const thread = new SchemaThread(options)
    const first = watched(compile({ type: "string" }, thread))
    await elapsed(20_000)
    const second = watched(compile({ type: "number" }, thread))
    await elapsed(10_000)
    expect(first.outcome).toMatchObject({ code: "agent_unavailable" })
    current().begin(40)
    await settled()
    current().done(50)
    await settled()
    expect(second.outcome).toBeTypeOf("function")
    expect(workers).toHaveLength(1)
  })

  it("includes that of those in front", async () => {
    const thread = new SchemaThread(options)
    const both = [{ type: "string" }, { type: "number" }].map((schema) => watched(compile(schema, thread)))
    await settled()
    current().begin()
    await elapsed(30_000)
    for (const { outcome } of both) expect(outcome).toMatchObject({ code: "agent_unavailable" })
    expect(workers).toHaveLength(1)
  })

  it("keeps others waiting once: what took long has a thread of its own from then on", async () => {
    const threads = new SchemaThreads(options)
    const slow = await compiled(threads)
    const quickly = compile({ type: "number" }, threads)
    await settled()
    current().done(60)
    const quick = await quickly
    const once = watched(slow("x"))
    await settled()
    current().done(300)
    await settled()
    expect(once.outcome).toEqual([])
    const again = watched(slow("x"))
    const other = watched(quick(1))
    await settled()
    expect(workers).toHaveLength(2)
    workers[0]?.done(310)
    await settled()
    expect(other.outcome).toEqual([])
    expect(again.outcome).toBe("open")
    await threads.stop()
  })
})

it("a thread that burns the processor is ended, and others go on", async () => {
  const burning = `
    const { parentPort } = require("node:worker_threads")
    parentPort.on("message", () => { for (;;) {} })
    parentPort.postMessage({ answer: null, cpuMs: 0 })`
  const idle = `
    const { parentPort } = require("node:worker_threads")
    parentPort.on("message", () => parentPort.postMessage({ answer: { type: "done", problems: [] }, cpuMs: 0 }))
    parentPort.postMessage({ answer: null, cpuMs: 0 })`
  const programs = [burning, idle]
  const thread = new SchemaThread({
    cpuLimitMs: 100,
    waitLimitMs: 600_000,
    startWorker: async () => () => new Worker(programs.shift() ?? idle, { eval: true }),
  })
  const both = await Promise.allSettled([
    compile({ type: "string" }, thread),
    compile({ type: "number" }, thread),
  ])
  expect(both).toMatchObject([
    { status: "rejected", reason: { code: "invalid_request", param: "field" } },
    { status: "fulfilled" },
  ])
  await thread.stop()
})

it("a thread that checks tells the processor time that it has used", async () => {
  const told: number[] = []
  const thread = new SchemaThread({ waitLimitMs: 600_000, onDone: (_job, cpuMs) => told.push(cpuMs) })
  await compile({ type: "string" }, thread)
  expect(told).toEqual([expect.toSatisfy((cpuMs: number) => cpuMs > 0)])
  await thread.stop()
})
