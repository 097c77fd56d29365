import { realpathSync, statSync } from "node:fs"
import path from "node:path"
import { messageOf } from "../../../domain/errors.ts"
import { printedText } from "../../../domain/printed-text.ts"
import { CliProcess, type ProgramCall } from "./cli-process.ts"
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
 * What was found out about programs, by absolute path and for as long as the file stays the same
 * (modification time, size, inode). Two who ask at once share one probe. A probe that failed is not
 * kept: the next one may find a repaired program; one whose result is doubtful is kept for a
 * minute.
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

/**
 * Asks a program one question, with nothing on stdin. Rejects with `StartError` when it cannot be
 * run.
 */
export async function ask(file: string, args: readonly string[], options: ProbeOptions): Promise<BriefRun> {
  const runOptions: BriefRunOptions = {
    cwd: options.cwd,
    env: options.env,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }
  try {
    return await runBounded(file, args, runOptions)
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

interface BriefRunOptions extends Pick<ProgramCall, "cwd" | "env"> {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface BriefRun {
  /** Null: ended by a signal, or by us. */
  readonly exitCode: number | null
  readonly isTimeout: boolean
  /** The beginnings of stdout and stderr, one behind the other, fit for terminals. */
  readonly output: string
}

const maxBytes = 64 * 1024
const endSteps = [
  { signal: "SIGKILL", waitMs: 500 },
  { signal: "SIGKILL", waitMs: 500 },
] as const

/**
 * Asks a program something that it should answer at once, such as `--version`, with nothing on
 * stdin. Bounded in time and output; what runs too long is killed with all that it started. Rejects
 * when it cannot be started, or on abort.
 */
export async function runBounded(
  file: string,
  args: readonly string[],
  { cwd, env, timeoutMs, signal }: BriefRunOptions,
): Promise<BriefRun> {
  signal?.throwIfAborted()
  const outputs = [new BoundedText(), new BoundedText()] as const
  const child = new CliProcess({
    call: { file, args, cwd, env },
    stdin: null,
    onOutput: (chunk) => outputs[0].add(chunk),
    onErrorOutput: (text) => outputs[1].add(Buffer.from(text)),
  })
  let isTimeout = false
  const end = () => child.end(endSteps)
  const timer = setTimeout(() => {
    isTimeout = true
    void end()
  }, timeoutMs)
  const abort = () => void end()
  signal?.addEventListener("abort", abort)
  try {
    const { code, startError } = await child.exited
    if (startError !== null) throw startError
    await end()
    signal?.throwIfAborted()
    return { exitCode: code, isTimeout, output: outputs.map(({ text }) => printedText(text)).join("\n") }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener("abort", abort)
  }
}

/**
 * Keeps the first bytes of a stream; the rest is read and dropped, so that its writer does not
 * block.
 */
class BoundedText {
  readonly #parts: Buffer[] = []
  #length = 0

  add(chunk: Buffer): void {
    if (this.#length >= maxBytes) return
    const part = chunk.subarray(0, maxBytes - this.#length)
    this.#parts.push(part)
    this.#length += part.length
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString("utf8")
  }
}
