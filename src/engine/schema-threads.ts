import type { SchemaJob } from "./json-schema-worker.ts"
import { type SchemaResult, SchemaThread, type SchemaThreadOptions } from "./schema-thread.ts"

/** A schema that once took more processor time than this is slow from then on. */
const slowCpuMs = 200
const maxSlow = 1_000

/**
 * Two threads, so that a schema that takes its time keeps others waiting once: from then on it waits for its like only.
 * The second one is there while there is something slow.
 */
export class SchemaThreads {
  readonly cpuLimitMs: number
  readonly #quick: SchemaThread
  readonly #slow: SchemaThread
  /** Keys of schemas, the oldest first. */
  readonly #slowKeys = new Set<string>()

  constructor(options: Omit<SchemaThreadOptions, "onDone"> = {}) {
    this.#quick = new SchemaThread({ ...options, onDone: (job, cpuMs) => this.#noteTime(job, cpuMs) })
    this.#slow = new SchemaThread(options)
    this.cpuLimitMs = this.#quick.cpuLimitMs
  }

  /** See `SchemaThread`. */
  run(job: SchemaJob): Promise<SchemaResult> {
    return (this.#slowKeys.has(job.key) ? this.#slow : this.#quick).run(job)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#quick.stop(), this.#slow.stop()])
  }

  #noteTime({ key }: SchemaJob, cpuMs: number): void {
    if (cpuMs < slowCpuMs) return
    this.#slowKeys.add(key)
    const [oldest] = this.#slowKeys
    if (this.#slowKeys.size > maxSlow && oldest !== undefined) this.#slowKeys.delete(oldest)
  }
}
