import { type ChildProcess, spawn as nodeSpawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { printedText } from "../../../domain/printed-text.ts"
import { drained } from "./drained.ts"
import { type EndStep, endProcessTree, hasGroup } from "./process-tree.ts"
import { type RunningProcesses, turnMarkerName } from "./running-processes.ts"

export interface CliProcessOptions {
  /** Absolute path. */
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Written and closed at once; null: `/dev/null`. A pipe that stays open makes codex wait for more. */
  readonly stdin: string | null
  /** True: what is written comes by `write`, until `closeStdin`; `stdin` is null then. */
  readonly holdsStdin?: true
  readonly spawn?: typeof nodeSpawn
  /** Where it is noted as long as it runs. */
  readonly running: RunningProcesses
  readonly onOutput: (chunk: Buffer) => void
  readonly onErrorOutput: (text: string) => void
}

export interface CliExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Set when there never was a process. */
  readonly startError: Error | null
}

const stderrTailLength = 8_192
const leftoverSteps: readonly EndStep[] = [
  { signal: "SIGTERM", waitMs: 500 },
  { signal: "SIGKILL", waitMs: 500 },
]

/** A process of an agent CLI, leader of a group of its own. */
export class CliProcess {
  readonly #child: ChildProcess | null
  readonly #marker = randomUUID()
  readonly #onOutput: (chunk: Buffer) => void
  #stderrTail = ""
  #hasExited = false
  #chunks = 0
  #ending: Promise<void> | null = null
  /** Resolves when the process is gone and its output was read. Never rejects. */
  readonly exited: Promise<CliExit>
  /** Resolves when also nothing that it left behind runs any more. Never rejects. */
  readonly settled: Promise<void>

  constructor(options: CliProcessOptions) {
    this.#onOutput = options.onOutput
    let child: ChildProcess
    try {
      child = (options.spawn ?? nodeSpawn)(options.file, [...options.args], {
        cwd: options.cwd,
        env: { ...options.env, [turnMarkerName]: this.#marker },
        stdio: [options.stdin === null && options.holdsStdin !== true ? "ignore" : "pipe", "pipe", "pipe"],
        detached: true,
        windowsHide: true,
      })
    } catch (error) {
      // An argument too long or with a NUL; most other failures come as an event.
      this.#child = null
      const startError = error instanceof Error ? error : new Error(String(error))
      this.exited = Promise.resolve({ code: null, signal: null, startError })
      this.settled = Promise.resolve()
      return
    }
    this.#child = child
    const { pid } = child
    if (pid !== undefined) options.running.add(pid, this.#marker)
    // Attached in the same tick as the spawn: an early death would be missed otherwise.
    this.exited = this.#watch(child)
    this.settled = this.exited.then(async (exit) => {
      await this.#endLeftovers(exit)
      if (pid !== undefined) options.running.remove(pid)
    })
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#chunks += 1
      this.#onOutput(chunk)
    })
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#chunks += 1
      this.#stderrTail = (this.#stderrTail + text).slice(-stderrTailLength)
      options.onErrorOutput(text)
    })
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      // A program that does not read its stdin, or that has died: `exited` tells the story.
      stream?.on("error", () => {})
    }
    if (options.stdin !== null) child.stdin?.end(options.stdin)
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get hasExited(): boolean {
    return this.#hasExited
  }

  /** The last kilobytes that it wrote to stderr, fit for terminals. */
  get stderrTail(): string {
    return printedText(this.#stderrTail)
  }

  /** Ignored once it is gone: `exited` tells the story. */
  write(text: string): void {
    this.#child?.stdin?.write(text)
  }

  closeStdin(): void {
    this.#child?.stdin?.end()
  }

  /** Ends it with all that it started; the tree is collected before the first signal. Safe twice: the first one counts. */
  async end(steps: readonly EndStep[]): Promise<void> {
    const pid = this.pid
    if (pid === 0) return
    this.#ending ??= endProcessTree(
      { pid, hasExited: () => this.#hasExited, marker: [turnMarkerName, this.#marker] },
      steps,
    )
    await this.#ending
    await this.settled
  }

  #watch(child: ChildProcess): Promise<CliExit> {
    return new Promise((resolve) => {
      child.once("error", (error) => {
        // Also emitted when a signal could not be sent; then the process lives on.
        if (child.pid !== undefined) return
        this.#hasExited = true
        resolve({ code: null, signal: null, startError: error })
      })
      child.once("exit", (code, signal) => {
        this.#hasExited = true
        void drained(child, () => this.#chunks).then(() => resolve({ code, signal, startError: null }))
      })
    })
  }

  async #endLeftovers({ code }: CliExit): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined) return
    // One that was killed has not ended its commands, which are in groups of their own.
    const root = { pid: child.pid, hasExited: () => true }
    const marked = code === 0 ? root : { ...root, marker: [turnMarkerName, this.#marker] as const }
    // The turn is over; what runs on holds pipes and files of a turn that nobody can stop any more.
    if (code !== 0 || hasGroup(child.pid)) await endProcessTree(marked, leftoverSteps)
    await this.#ending
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
}
