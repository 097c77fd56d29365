import path from "node:path"
import { messageOf } from "../../../domain/errors.ts"
import { printedText } from "../../../domain/printed-text.ts"
import { CliProcess, type ProgramCall } from "./cli-process.ts"
import type { ProbeMemory } from "./probe-memory.ts"
import { StartError } from "./start-error.ts"

/** How a program is asked: where the agent's turns run, too, for it may look at its folder. */
export interface AskOptions extends Pick<ProgramCall, "cwd" | "env"> {
  /** For each question. */
  readonly timeoutMs?: number
  /** Ends what runs: nothing of it survives. */
  readonly signal?: AbortSignal
}

export interface ProbeOptions extends AskOptions {
  readonly memory: ProbeMemory
}

/** For each question that a program is asked. */
export const defaultTimeoutMs = 10_000

/** One question, with nothing on stdin. Rejects with `StartError` when it cannot be run. */
export async function ask(file: string, args: readonly string[], options: AskOptions): Promise<BriefRun> {
  try {
    return await runBounded(file, args, options)
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
  { cwd, env, timeoutMs = defaultTimeoutMs, signal }: AskOptions,
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

/** The first bytes of a stream; the rest is read and dropped, so that its writer goes on. */
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
