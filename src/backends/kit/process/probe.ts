import { realpathSync, statSync } from "node:fs"
import path from "node:path"
import { messageOf } from "../../../domain/errors.ts"
import { type BriefRun, type BriefRunOptions, runBriefly } from "./run-briefly.ts"
import { StartError } from "./start-error.ts"

export interface ProbeOptions {
  /** Where the agent's turns run, too: a program may look at its folder. */
  readonly cwd: string
  /** The complete environment of the child. */
  readonly env: Readonly<Record<string, string>>
  /** For each question asked; default 10 s. */
  readonly timeoutMs?: number
  /** Ends a probe that runs: nothing of it survives. */
  readonly signal?: AbortSignal
  /** Default: one for the whole process. */
  readonly memory?: ProbeMemory
}

/** For each question that a program is asked. */
export const defaultTimeoutMs = 10_000

interface Remembered {
  readonly stamp: string
  readonly result: Promise<unknown>
  /** Of the clock. */
  until: number
}

/** How long an answer holds that may have been an accident. */
const doubtfulForMs = 60_000

/**
 * What was found out about programs, by absolute path and for as long as the file stays the same (modification time,
 * size, inode). Two who ask at once share one probe. A probe that failed is not kept: the next one may find a repaired
 * program; one whose result is doubtful is kept for a minute.
 */
export class ProbeMemory {
  readonly #entries = new Map<string, Remembered>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  recall<T>(
    question: string,
    file: string,
    ask: () => Promise<T>,
    isDoubtful: (result: T) => boolean = () => false,
  ): Promise<T> {
    const key = `${question} ${file}`
    const stamp = stampOf(file)
    const known = this.#entries.get(key)
    // Only `ask` of the same question fills an entry, so it has the type that it is read with.
    if (known?.stamp === stamp && this.#now() < known.until) return known.result as Promise<T>
    const result = ask()
    const entry: Remembered = { stamp, result, until: Number.POSITIVE_INFINITY }
    this.#entries.set(key, entry)
    result.then(
      (found) => {
        if (isDoubtful(found)) entry.until = this.#now() + doubtfulForMs
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key)
      },
    )
    return result
  }
}

export const sharedMemory = new ProbeMemory()

/** Asks a program one question, with nothing on stdin. Rejects with `StartError` when it cannot be run. */
export async function ask(file: string, args: readonly string[], options: ProbeOptions): Promise<BriefRun> {
  const runOptions: BriefRunOptions = {
    cwd: options.cwd,
    env: options.env,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }
  try {
    return await runBriefly(file, args, runOptions)
  } catch (error) {
    options.signal?.throwIfAborted()
    throw new StartError(
      `\`${path.basename(file)}\` cannot be run`,
      "Run it in a terminal as this user, or set the agent's CLI to another program.",
      { detail: `${file}: ${messageOf(error)}`, cause: error },
    )
  }
}

/** What the program says; null: it failed or took too long. */
export function outputOf({ exitCode, isTimeout, output }: BriefRun): string | null {
  return exitCode === 0 && !isTimeout ? output : null
}

function stampOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(realpathSync(file))
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    // Gone: the probe itself will say so.
    return ""
  }
}
