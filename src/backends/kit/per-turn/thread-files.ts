import { randomUUID } from "node:crypto"
import { z } from "zod"
import type { OwnPath } from "../../../disk/held-folder.ts"
import { readOwnFile, removeOwnFileSync, replaceOwnFileSync } from "../../../disk/own-file.ts"
import type { ThreadRef } from "../../../domain/backend.ts"
import { messageOf } from "../../../domain/errors.ts"
import type { Log } from "../../../domain/log.ts"
import type { Usage } from "../../../domain/usage.ts"

const count = z.number().nonnegative()
const threadSchema = z.object({
  thread_id: z.string().min(1),
  total_usage: z
    .object({
      inputTokens: count,
      cachedInputTokens: count,
      outputTokens: count,
      reasoningTokens: count,
    })
    .nullable(),
})
const lastRunSchema = z.object({ thread: z.string().nullable() })

/** Of one thread. */
const maxBytes = 64 * 1024

/** What has to outlive the service of a thread whose program names it. */
export interface StoredThread {
  readonly nativeId: string
  /** The program's running total at the end of the last turn; null: not known. */
  readonly total: Usage | null
}

/**
 * The names that the program gave to our threads: a file a thread, `control/exec-threads/REF.json`.
 * The engine keeps the reference that it got from `openThread`, but the program names its thread in
 * the first turn only. One small file each means that a turn never rewrites what belongs to
 * another, and that deleting a thread deletes its file.
 *
 * Files are replaced by `rename`, so a crash leaves the old one or the new one. They are not
 * synced: after a power cut a thread may be unknown, and is then seeded anew from the ledger like
 * any lost one.
 */
export class ThreadFiles {
  readonly #workspace: string
  readonly #log: Log

  constructor(workspace: string, log: Log) {
    this.#workspace = workspace
    this.#log = log
  }

  async read(ref: ThreadRef): Promise<StoredThread | null> {
    if (!isExecRef(ref)) return null
    const stored = threadSchema.safeParse(await this.#readJson(`${ref}.json`))
    return stored.success ? { nativeId: stored.data.thread_id, total: stored.data.total_usage } : null
  }

  async write(ref: ThreadRef, { nativeId, total }: StoredThread): Promise<void> {
    this.#writeJson(`${ref}.json`, { thread_id: nativeId, total_usage: total })
  }

  async remove(ref: ThreadRef): Promise<void> {
    if (isExecRef(ref)) this.#remove(`${ref}.json`)
  }

  /** Whose session is the newest; undefined: nobody's of ours, null: not known. */
  async readLastRun(): Promise<ThreadRef | null | undefined> {
    const stored = lastRunSchema.safeParse(await this.#readJson("last-run.json"))
    return stored.success ? stored.data.thread : undefined
  }

  async writeLastRun(thread: ThreadRef | null | undefined): Promise<void> {
    if (thread === undefined) this.#remove("last-run.json")
    else this.#writeJson("last-run.json", { thread })
  }

  async #readJson(name: string): Promise<unknown> {
    try {
      return JSON.parse((await readOwnFile(this.#own(name), maxBytes)).toString("utf8"))
    } catch {
      // Missing, or damaged by hand: an unknown thread costs no more than a new one.
      return null
    }
  }

  /** Without waiting: trips to the thread pool would take longer, and the client waits. */
  #writeJson(name: string, value: unknown): void {
    try {
      replaceOwnFileSync(this.#own(name), `${JSON.stringify(value)}\n`)
    } catch (error) {
      // It is known as long as the service runs; then it is seeded anew.
      this.#log("warn", "a thread cannot be noted", { reason: messageOf(error) })
    }
  }

  #remove(name: string): void {
    try {
      removeOwnFileSync(this.#own(name))
    } catch (error) {
      this.#log("warn", "the note of a thread cannot be removed", { reason: messageOf(error) })
    }
  }

  #own(name: string): OwnPath {
    return { root: this.#workspace, path: `control/exec-threads/${name}` }
  }
}

export function newRef(): ThreadRef {
  return `exec_${randomUUID().replaceAll("-", "")}`
}

/** Only such references become file names. */
function isExecRef(ref: ThreadRef): boolean {
  return /^exec_[0-9a-f]{32}$/.test(ref)
}
