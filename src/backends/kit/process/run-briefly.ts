import { printedText } from "../../../domain/printed-text.ts"
import { CliProcess, type ProgramCall } from "./cli-process.ts"

export interface BriefRunOptions extends Pick<ProgramCall, "cwd" | "env"> {
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
 * Asks a program something that it should answer at once, such as `--version`, with nothing on stdin. Bounded in time and
 * output; what runs too long is killed with all that it started. Rejects when it cannot be started, or on abort.
 */
export async function runBriefly(
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

/** Keeps the first bytes of a stream; the rest is read and dropped, so that its writer does not block. */
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
