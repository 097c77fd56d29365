import { spawn as nodeSpawn } from "node:child_process"
import { printedText } from "../../../domain/printed-text.ts"
import { drained } from "./drained.ts"
import { endProcessTree } from "./process-tree.ts"

export interface BriefRunOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly spawn?: typeof nodeSpawn
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
  options: BriefRunOptions,
): Promise<BriefRun> {
  options.signal?.throwIfAborted()
  const child = (options.spawn ?? nodeSpawn)(file, [...args], {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    windowsHide: true,
  })
  const outputs = [new BoundedText(), new BoundedText()] as const
  let chunks = 0
  for (const [index, stream] of [child.stdout, child.stderr].entries()) {
    stream?.on("data", (chunk: Buffer) => {
      chunks += 1
      outputs[index]?.add(chunk)
    })
    stream?.on("error", () => {}) // The exit tells the story.
  }
  let hasExited = false
  let isTimeout = false
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => {
      if (child.pid === undefined) reject(error)
    })
    child.once("exit", (code) => {
      hasExited = true
      void drained(child, () => chunks).then(() => resolve(code))
    })
  })
  const end = () =>
    child.pid === undefined
      ? Promise.resolve()
      : endProcessTree({ pid: child.pid, hasExited: () => hasExited }, endSteps)
  const timer = setTimeout(() => {
    isTimeout = true
    void end()
  }, options.timeoutMs)
  const abort = () => void end()
  options.signal?.addEventListener("abort", abort)
  try {
    const exitCode = await exited
    await end()
    options.signal?.throwIfAborted()
    return { exitCode, isTimeout, output: outputs.map((output) => printedText(output.text)).join("\n") }
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener("abort", abort)
    child.stdout?.destroy()
    child.stderr?.destroy()
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
