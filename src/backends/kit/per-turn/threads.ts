import type { HistoryTurn, ThreadOptions, ThreadReach, ThreadRef } from "../../../domain/backend.ts"
import { ThreadLostError } from "../../../domain/errors.ts"
import { textOf } from "../../../domain/items.ts"
import type { Usage } from "../../../domain/usage.ts"
import type { FunctionChannel } from "../turn/function-channel.ts"
import { newRef, type ThreadFiles } from "./thread-files.ts"

export interface ProcessThread {
  readonly ref: ThreadRef
  readonly isEphemeral: boolean
  readonly instructions: string | null
  /** Null: the agent acts as its permissions say. */
  readonly reach: ThreadReach | null
  /** The program's own name; null until it tells one, and for ever with plain text. */
  nativeId: string | null
  /** The program's running total at the end of the last turn; null: not known. */
  total: Usage | null
  /** What a new session would have to be told; null: only the program knows. */
  history: HistoryTurn[] | null
  /** True once the program's own session has heard the instructions. */
  hasRun: boolean
  /** The client's functions; null: none, or the thread was not resumed yet. */
  functions: FunctionChannel | null
}

/** Room for the histories of threads that the program has no name for, in UTF-16 units. */
const maxHistoryLength = 32 * 1024 * 1024
const maxThreads = 2_000

/**
 * The threads in memory. What is not here and has no file is lost, which the engine takes as a cue
 * to open a new one from its ledger: so histories are kept here only as long as there is room, and
 * nowhere else.
 */
export class ProcessThreads {
  readonly #files: ThreadFiles
  /** The longest unused first. */
  readonly #threads = new Map<ThreadRef, ProcessThread>()
  readonly #lengths = new Map<ThreadRef, number>()
  #length = 0

  constructor(files: ThreadFiles) {
    this.#files = files
  }

  open(options: ThreadOptions, functions: FunctionChannel | null = null): ProcessThread {
    const thread: ProcessThread = {
      ref: newRef(),
      isEphemeral: options.isEphemeral,
      instructions: options.instructions,
      reach: options.reach ?? null,
      nativeId: null,
      total: null,
      history: options.history.map(withoutNative),
      hasRun: false,
      functions,
    }
    this.#threads.set(thread.ref, thread)
    this.#grow(thread, options.history)
    return thread
  }

  /** In memory or on disk; rejects with `ThreadLostError` where in neither. */
  async find(ref: ThreadRef): Promise<ProcessThread> {
    const known = this.#threads.get(ref)
    if (known !== undefined) {
      this.#threads.delete(ref)
      this.#threads.set(ref, known)
      return known
    }
    const stored = await this.#files.read(ref)
    // A second caller may have read it meanwhile: there must be one object a thread.
    const again = this.#threads.get(ref)
    if (again !== undefined) return again
    if (stored === null) throw new ThreadLostError(`The exec backend has no thread ${ref}`)
    return this.#adopt({ ref, nativeId: stored.nativeId, total: stored.total })
  }

  /** A thread of an earlier process of ours that continues in the newest session. */
  adoptLast(ref: ThreadRef): ProcessThread {
    return this.#threads.get(ref) ?? this.#adopt({ ref, nativeId: null, total: null })
  }

  /** The program has told its name. */
  async name(thread: ProcessThread, nativeId: string, total: Usage | null): Promise<void> {
    thread.nativeId = nativeId
    thread.total = total
    // The program's record has it from now on.
    thread.history = null
    this.#shrink(thread.ref)
    await this.#files.write(thread.ref, { nativeId, total })
  }

  /** A turn that the program does not remember by itself. */
  remember(thread: ProcessThread, turn: HistoryTurn): void {
    if (thread.history === null || thread.nativeId !== null) return
    thread.history.push(withoutNative(turn))
    if (this.#threads.get(thread.ref) === thread) this.#grow(thread, [turn])
  }

  /** What the program has named can be read back; the rest is kept while there is room. */
  close(ref: ThreadRef): void {
    const thread = this.#threads.get(ref)
    thread?.functions?.close()
    if (thread !== undefined) thread.functions = null
    if (thread?.nativeId != null && !thread.isEphemeral) this.#forget(ref)
  }

  /** The service stops: nobody calls anything any more. */
  stop(): void {
    for (const { functions } of this.#threads.values()) functions?.close()
  }

  /** Gone for good; returns the program's name, if it had one. */
  async delete(ref: ThreadRef): Promise<string | null> {
    const nativeId = this.#threads.get(ref)?.nativeId ?? (await this.#files.read(ref))?.nativeId ?? null
    this.#forget(ref)
    await this.#files.remove(ref)
    return nativeId
  }

  #adopt(known: Pick<ProcessThread, "ref" | "nativeId" | "total">): ProcessThread {
    const thread: ProcessThread = {
      ...known,
      isEphemeral: false,
      instructions: null,
      reach: null,
      history: null,
      hasRun: true,
      functions: null,
    }
    this.#threads.set(thread.ref, thread)
    return thread
  }

  #grow(thread: ProcessThread, turns: readonly HistoryTurn[]): void {
    const added = turns.reduce((sum, turn) => sum + lengthOf(turn), 0)
    this.#lengths.set(thread.ref, (this.#lengths.get(thread.ref) ?? 0) + added)
    this.#length += added
    for (const ref of this.#threads.keys()) {
      if (this.#length <= maxHistoryLength && this.#threads.size <= maxThreads) break
      if (ref !== thread.ref) this.#forget(ref)
    }
  }

  #shrink(ref: ThreadRef): void {
    this.#length -= this.#lengths.get(ref) ?? 0
    this.#lengths.delete(ref)
  }

  #forget(ref: ThreadRef): void {
    this.#shrink(ref)
    this.#threads.get(ref)?.functions?.close()
    this.#threads.delete(ref)
  }
}

/** Native items are another backend's; a prompt is made of ours. */
function withoutNative({ input, output }: HistoryTurn): HistoryTurn {
  return { input, output, native: null }
}

function lengthOf({ input, output }: HistoryTurn): number {
  let length = 0
  for (const item of [...input, ...output]) {
    if (item.type === "message") {
      length += textOf(item.content).length
      for (const part of item.content) if (part.type === "image") length += part.url.length
    } else length += JSON.stringify(item).length
  }
  return length
}
