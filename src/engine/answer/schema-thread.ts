import { readFile } from "node:fs/promises"
import { Worker } from "node:worker_threads"
import { ProxyError } from "../../domain/errors.ts"
import { LaterPart } from "../../domain/later-part.ts"
import { raceTimeout } from "../../domain/race-timeout.ts"

export type Draft = "draft-07" | "2020-12"

/** One thing at a time. The schema comes along each time: the worker may be a new one. */
export interface SchemaJob {
  /** Of draft and text. */
  readonly key: string
  readonly draft: Draft
  /** The schema as JSON. */
  readonly text: string
  /** Null: the schema is only compiled. */
  readonly checked: { readonly value: unknown; readonly isRounded: boolean } | null
}

/** `problems`: what is wrong with the value; none when nothing is. */
export type SchemaAnswer =
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "done"; readonly problems: readonly string[] }

export interface SchemaReply {
  /** Null once, at the start: the thread is ready. */
  readonly answer: SchemaAnswer | null
  /** Processor time of the thread since its start. */
  readonly cpuMs: number
}

export interface SchemaThreadOptions {
  /** Processor time of one compilation or check: a busy machine is no fault of the schema. */
  readonly cpuLimitMs?: number
  /** How long anybody waits for a result, whatever it is that takes so long. */
  readonly waitLimitMs?: number
  /** How long the thread is kept without work. */
  readonly idleMs?: number
  readonly maxHeapMb?: number
  /** Processor time that a job took, however it ended. */
  readonly onDone?: (job: SchemaJob, cpuMs: number) => void
  readonly startWorker?: () => Promise<StartSchemaWorker>
}

/**
 * `timeout`, `crash`: the thread was ended, and what it did has no result. `late`: the same, or not
 * begun, since the machine is busy; `busy`: not begun, for no fault of the job; `gone`: nor will
 * any be, since the thread's program is not there.
 */
export type SchemaResult =
  | SchemaAnswer
  | { readonly type: "timeout" | "crash" | "late" | "busy" }
  | { readonly type: "gone"; readonly error: ProxyError }

interface Waiting {
  readonly job: SchemaJob
  /** On the clock of `performance.now()`. */
  readonly endsAt: number
  readonly resolve: (result: SchemaResult) => void
}

interface Thread {
  readonly worker: Worker
  /** Rejects when it does not start. */
  readonly ready: Promise<void>
  hasServed: boolean
  /** Its processor time when it last said something. */
  cpuMs: number
}

const maxWaiting = 500
/** Between two looks at the processor time of a job. */
const minLookMs = 50

/**
 * Runs what clients' schemas make of regular expressions, references and sizes in a thread that can
 * be ended: on the event loop nothing could. One thread for all, one job at a time, so that
 * processor time is that of its own job. It is started with the first job, anew after it was ended,
 * and is gone when there was nothing to do for a while.
 */
export class SchemaThread {
  readonly cpuLimitMs: number
  readonly #waitLimitMs: number
  readonly #idleMs: number
  readonly #maxHeapMb: number
  readonly #onDone: (job: SchemaJob, cpuMs: number) => void
  readonly #startWorker: () => Promise<StartSchemaWorker>
  readonly #waiting: Waiting[] = []
  #isBusy = false
  #thread: Thread | null = null
  #idleTimer: NodeJS.Timeout | null = null

  constructor(options: SchemaThreadOptions = {}) {
    this.cpuLimitMs = options.cpuLimitMs ?? 2000
    this.#waitLimitMs = options.waitLimitMs ?? 30_000
    this.#idleMs = options.idleMs ?? 60_000
    this.#maxHeapMb = options.maxHeapMb ?? 128
    this.#onDone = options.onDone ?? (() => {})
    this.#startWorker = options.startWorker ?? (() => schemaWorker.get())
  }

  get isRunning(): boolean {
    return this.#thread !== null
  }

  /** Never rejects. */
  run(job: SchemaJob): Promise<SchemaResult> {
    if (this.#waiting.length >= maxWaiting) return Promise.resolve({ type: "busy" })
    const endsAt = performance.now() + this.#waitLimitMs
    const result = new Promise<SchemaResult>((resolve) => this.#waiting.push({ job, endsAt, resolve }))
    if (!this.#isBusy) void this.#work()
    return result
  }

  /** Ends the thread; the next job starts another. */
  async stop(): Promise<void> {
    const thread = this.#thread
    this.#thread = null
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#idleTimer = null
    await thread?.worker.terminate()
  }

  async #work(): Promise<void> {
    this.#isBusy = true
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#thread?.worker.ref()
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const hadServed = this.#thread?.hasServed === true
      let result = await this.#do(next)
      // What was kept of others' schemas may have filled its memory.
      if (result.type === "crash" && hadServed) result = await this.#do(next)
      next.resolve(result)
    }
    this.#isBusy = false
    if (this.#thread === null) return
    this.#thread.worker.unref()
    this.#idleTimer = setTimeout(() => void this.stop(), this.#idleMs)
    this.#idleTimer.unref()
  }

  async #do({ job, endsAt }: Waiting): Promise<SchemaResult> {
    if (performance.now() >= endsAt) return { type: "late" }
    let thread: Thread
    try {
      thread = this.#thread ?? (await this.#start())
      // Left to start: for the next job it may be there.
      if (!(await raceTimeout(thread.ready, endsAt - performance.now()))) return { type: "late" }
    } catch (error) {
      await this.stop()
      if (error instanceof ProxyError) return { type: "gone", error }
      // The reason is of no use to the client; the next job tries again.
      return { type: "busy" }
    }
    const before = thread.cpuMs
    const result = await ask(thread, job, this.cpuLimitMs, endsAt)
    this.#onDone(job, thread.cpuMs - before)
    thread.hasServed = true
    if (result.type === "timeout" || result.type === "crash" || result.type === "late") await this.stop()
    return result
  }

  async #start(): Promise<Thread> {
    const startWorker = await this.#startWorker()
    const thread = threadOf(startWorker(this.#maxHeapMb))
    this.#thread = thread
    thread.worker.once("exit", () => {
      if (this.#thread === thread) this.#thread = null
    })
    return thread
  }
}

function threadOf(worker: Worker): Thread {
  // Without a listener the end of this thread for lack of memory would be the end of the process.
  worker.on("error", () => {})
  const ready = new Promise<void>((resolve, reject) => {
    worker.once("message", ({ cpuMs }: SchemaReply) => {
      thread.cpuMs = cpuMs
      resolve()
    })
    worker.once("exit", () => reject(new Error("the thread did not start")))
  })
  const thread: Thread = { worker, ready, hasServed: false, cpuMs: 0 }
  return thread
}

function ask(thread: Thread, job: SchemaJob, cpuLimitMs: number, endsAt: number): Promise<SchemaResult> {
  const { worker, cpuMs: before } = thread
  return new Promise((resolve) => {
    let hasEnded = false
    const end = (result: SchemaResult) => {
      hasEnded = true
      clearTimeout(endTimer)
      clearTimeout(lookTimer)
      worker.off("message", onMessage)
      worker.off("exit", onExit)
      resolve(result)
    }
    const onMessage = ({ answer, cpuMs }: SchemaReply) => {
      thread.cpuMs = cpuMs
      if (answer !== null) end(answer)
    }
    const onExit = () => end({ type: "crash" })
    const look = async () => {
      const cpuMs = await cpuMsOf(worker)
      // A thread that ends says so otherwise.
      if (cpuMs === null || hasEnded) return
      thread.cpuMs = Math.max(thread.cpuMs, cpuMs)
      const leftMs = cpuLimitMs - (cpuMs - before)
      if (leftMs <= 0) end({ type: "timeout" })
      else lookTimer = setTimeout(look, Math.max(minLookMs, leftMs))
    }
    const endTimer = setTimeout(() => end({ type: "late" }), endsAt - performance.now())
    let lookTimer = setTimeout(look, cpuLimitMs)
    worker.on("message", onMessage)
    worker.on("exit", onExit)
    try {
      worker.postMessage(job)
    } catch {
      // Values that are nested without measure cannot be sent.
      end({ type: "refused", message: "the value is nested too deeply" })
    }
  })
}

async function cpuMsOf(worker: Worker): Promise<number | null> {
  try {
    const { user, system } = await worker.cpuUsage()
    return (user + system) / 1000
  } catch {
    return null
  }
}

/** Starts the thread that compiles and checks JSON Schemas (`json-schema-worker.ts`). */
type StartSchemaWorker = (maxHeapMb: number) => Worker

/**
 * The program of that thread. A thread is started again and again, also after an upgrade has put
 * another program in its place, so the built one is kept as text; it is bundled by itself, and
 * needs no file beside it.
 */
export const schemaWorker = new LaterPart<StartSchemaWorker>(async () => {
  const isSource = import.meta.url.endsWith(".ts")
  const name = isSource ? "./json-schema-worker.ts" : "./json-schema-worker.cjs"
  const file = new URL(name, import.meta.url)
  const program = isSource ? file : await readFile(file, "utf8")
  return (maxHeapMb) =>
    new Worker(program, {
      eval: !isSource,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
      env: {},
      execArgv: [],
    })
})
