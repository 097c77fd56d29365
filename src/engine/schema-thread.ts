import type { Worker } from "node:worker_threads"
import { ProxyError } from "../domain/errors.ts"
import type { SchemaJob, SchemaReply } from "./json-schema-worker.ts"
import { schemaWorker } from "./schema-worker.ts"

export interface SchemaThreadOptions {
  /** How long one compilation or check may take. */
  readonly deadlineMs?: number
  /** How long the thread is kept without work. */
  readonly idleMs?: number
  readonly maxHeapMb?: number
  /** How long a job took by itself, however it ended. */
  readonly onDone?: (job: SchemaJob, ms: number) => void
}

/**
 * `timeout`, `crash`: the thread was ended, and what it did has no result. `busy`: not begun, for no fault of the job; `gone`: nor
 * will any be, since the thread's program is not there.
 */
export type SchemaResult =
  | Exclude<SchemaReply, { type: "ready" }>
  | { readonly type: "timeout" | "crash" | "busy" }
  | { readonly type: "gone"; readonly error: ProxyError }

interface Waiting {
  readonly job: SchemaJob
  readonly resolve: (result: SchemaResult) => void
}

interface Thread {
  readonly worker: Worker
  /** Rejects when it does not start. */
  readonly ready: Promise<void>
  hasServed: boolean
}

/** Generous, since a busy machine is no fault of the schema. */
const startMs = 15_000
const maxWaiting = 500

/**
 * Runs what clients' schemas make of regular expressions, references and sizes in a thread that can be ended: on the event
 * loop nothing could. One thread for all, one job at a time, so that a deadline is that of its own job. It is started with
 * the first job, anew after it was ended, and is gone when there was nothing to do for a while.
 */
export class SchemaThread {
  readonly #deadlineMs: number
  readonly #idleMs: number
  readonly #maxHeapMb: number
  readonly #onDone: (job: SchemaJob, ms: number) => void
  readonly #waiting: Waiting[] = []
  #isBusy = false
  #thread: Thread | null = null
  #idleTimer: NodeJS.Timeout | null = null

  constructor(options: SchemaThreadOptions = {}) {
    const { deadlineMs = 2000, idleMs = 60_000, maxHeapMb = 128, onDone = () => {} } = options
    this.#onDone = onDone
    this.#deadlineMs = deadlineMs
    this.#idleMs = idleMs
    this.#maxHeapMb = maxHeapMb
  }

  get deadlineMs(): number {
    return this.#deadlineMs
  }

  get isRunning(): boolean {
    return this.#thread !== null
  }

  /** Never rejects. */
  run(job: SchemaJob): Promise<SchemaResult> {
    if (this.#waiting.length >= maxWaiting) return Promise.resolve({ type: "busy" })
    const result = new Promise<SchemaResult>((resolve) => this.#waiting.push({ job, resolve }))
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
      let result = await this.#do(next.job)
      // What was kept of others' schemas may have filled its memory.
      if (result.type === "crash" && hadServed) result = await this.#do(next.job)
      next.resolve(result)
    }
    this.#isBusy = false
    if (this.#thread === null) return
    this.#thread.worker.unref()
    this.#idleTimer = setTimeout(() => void this.stop(), this.#idleMs)
    this.#idleTimer.unref()
  }

  async #do(job: SchemaJob): Promise<SchemaResult> {
    let thread: Thread
    try {
      thread = this.#thread ?? (await this.#start())
      await thread.ready
    } catch (error) {
      await this.stop()
      if (error instanceof ProxyError) return { type: "gone", error }
      // The reason is of no use to the client; the next job tries again.
      return { type: "busy" }
    }
    const beganAt = performance.now()
    const result = await ask(thread.worker, job, this.#deadlineMs)
    this.#onDone(job, performance.now() - beganAt)
    thread.hasServed = true
    if (result.type === "timeout" || result.type === "crash") await this.stop()
    return result
  }

  async #start(): Promise<Thread> {
    const startWorker = await schemaWorker.get()
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
    const timer = setTimeout(() => reject(new Error("the thread did not start in time")), startMs)
    worker.once("message", () => {
      clearTimeout(timer)
      resolve()
    })
    worker.once("exit", () => {
      clearTimeout(timer)
      reject(new Error("the thread did not start"))
    })
  })
  return { worker, ready, hasServed: false }
}

function ask(worker: Worker, job: SchemaJob, deadlineMs: number): Promise<SchemaResult> {
  return new Promise((resolve) => {
    const end = (result: SchemaResult) => {
      clearTimeout(timer)
      worker.off("message", onMessage)
      worker.off("exit", onExit)
      resolve(result)
    }
    const onMessage = (reply: Exclude<SchemaReply, { type: "ready" }>) => end(reply)
    const onExit = () => end({ type: "crash" })
    const timer = setTimeout(() => end({ type: "timeout" }), deadlineMs)
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
