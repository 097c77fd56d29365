import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { printedText } from "../../../domain/printed-text.ts"
import { raceTimeout } from "../../../domain/race-timeout.ts"
import type { CliExit } from "./exit-reason.ts"
import {
  type EndStep,
  endProcessTree,
  hasGroup,
  membersOf,
  type ProcessRow,
  quickSteps,
  snapshot,
  type TreeRoot,
} from "./process-tree.ts"
import { type RunningProcesses, turnMarkerName } from "./running-processes.ts"

/** What is started, and where. */
export interface ProgramCall {
  /** Absolute path. */
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  /** The complete environment of the child. */
  readonly env: Readonly<Record<string, string>>
}

export interface CliProcessOptions {
  readonly call: ProgramCall
  /** Written and closed at once; null: `/dev/null`. An open pipe makes codex wait for more. */
  readonly stdin: string | null
  /** True: what is written comes by `write`, until `closeStdin`; `stdin` is null then. */
  readonly holdsStdin?: true
  /** True: what it leaves behind is ended at once, wherever it is and however it ended. */
  readonly endsAllAtExit?: true
  /** Where it is noted as long as it runs. Absent: it is gone in a moment. */
  readonly running?: RunningProcesses
  readonly onOutput: (chunk: Buffer) => void
  readonly onErrorOutput?: (text: string) => void
}

const stderrTailLength = 8_192
/** Of a program that was ended, and of what it left behind. */
const settleMs = 5_000

/** A process of an agent CLI, leader of its own group: a launcher may stay beside it. */
export class CliProcess {
  readonly #options: CliProcessOptions
  readonly #child: ChildProcess | null
  /** In the environment of its commands, not of all servers of MCP. Null: it is only asked. */
  readonly #marker: string | null
  /** What ran below it at the last look. */
  readonly #seen = new Map<number, ProcessRow>()
  #isLooking = false
  #stderrTail = ""
  #hasExited = false
  #chunks = 0
  #ending: Promise<void> | null = null
  /** Resolves when the process is gone and its output was read. Never rejects. */
  readonly exited: Promise<CliExit>
  /** Resolves when also nothing that it left behind runs any more. Never rejects. */
  readonly settled: Promise<void>

  constructor(options: CliProcessOptions) {
    this.#options = options
    const { call, stdin, holdsStdin, running } = options
    this.#marker = running === undefined && holdsStdin !== true ? null : randomUUID()
    let child: ChildProcess
    try {
      child = spawn(call.file, [...call.args], {
        cwd: call.cwd,
        env: { ...call.env, ...(this.#marker !== null && { [turnMarkerName]: this.#marker }) },
        stdio: [stdin === null && holdsStdin !== true ? "ignore" : "pipe", "pipe", "pipe"],
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
    this.#note(child.pid)
    // Attached in the same tick as the spawn: an early death would be missed otherwise.
    this.exited = this.#watch(child)
    this.settled = this.exited.then(async (exit) => {
      await this.#endLeftovers(exit)
      for (const pid of [this.pid, ...this.#seen.keys()]) running?.remove(pid)
    })
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#chunks += 1
      options.onOutput(chunk)
    })
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#chunks += 1
      this.#stderrTail = (this.#stderrTail + text).slice(-stderrTailLength)
      options.onErrorOutput?.(text)
    })
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      // A program that does not read its stdin, or that has died: `exited` tells the story.
      stream?.on("error", () => {})
    }
    if (stdin !== null) child.stdin?.end(stdin)
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

  /** The process with all that it has started. */
  get tree(): TreeRoot {
    const root = { pid: this.pid, hasExited: () => this.#hasExited, seen: this.#seen.values() }
    return this.#marker === null ? root : { ...root, marker: [turnMarkerName, this.#marker] }
  }

  /** Ignored once it is gone: `exited` tells the story. */
  write(text: string): void {
    if (!this.#hasExited) this.#child?.stdin?.write(text)
  }

  closeStdin(): void {
    this.#child?.stdin?.end()
  }

  /** Ends it with all that it started, found before the first signal. The first call counts. */
  async end(steps: readonly EndStep[]): Promise<void> {
    if (this.pid === 0) return
    this.#ending ??= endProcessTree(this.tree, steps)
    await this.#ending
    // Within a moment, unless the machine does not let go of it even after SIGKILL.
    await raceTimeout(this.settled, settleMs)
  }

  /** At once, also while it is being ended: for a process that no longer answers. */
  kill(waitMs: number): Promise<void> {
    if (this.#ending !== null) this.#killGroup()
    return this.end([
      { signal: "SIGKILL", waitMs },
      { signal: "SIGKILL", waitMs },
    ])
  }

  /**
   * Remembers who runs below it now. A server of MCP, and the browser that it has started, may be
   * in groups and sessions of their own, and once the program has died nothing tells any more whose
   * they were.
   */
  async look(): Promise<void> {
    if (this.#isLooking || this.#hasExited) return
    this.#isLooking = true
    const rows = await snapshot()
    this.#isLooking = false
    if (this.#hasExited || rows.length === 0) return
    const below = membersOf(rows, this.tree, this.#seen).filter(({ pid }) => pid !== this.pid)
    const gone = new Set(this.#seen.keys())
    for (const row of below) {
      gone.delete(row.pid)
      if (this.#seen.get(row.pid)?.startedAt === row.startedAt) continue
      this.#seen.set(row.pid, row)
      this.#note(row.pid)
    }
    for (const pid of gone) {
      this.#seen.delete(pid)
      this.#options.running?.remove(pid)
    }
  }

  #note(pid: number | undefined): void {
    if (pid !== undefined && this.#marker !== null) this.#options.running?.add(pid, this.#marker)
  }

  #killGroup(): void {
    if (this.pid === 0 || this.#hasExited) return
    try {
      process.kill(-this.pid, "SIGKILL")
    } catch {
      // It has just gone, or the platform has no groups: the child itself is signalled.
      this.#child?.kill("SIGKILL")
    }
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
        if (this.#options.endsAllAtExit === true) this.#ending ??= endProcessTree(this.tree, quickSteps)
        void drained(child, () => this.#chunks).then(() => resolve({ code, signal, startError: null }))
      })
    })
  }

  async #endLeftovers({ code }: CliExit): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined) return
    if (this.#options.endsAllAtExit !== true) {
      // One that was killed has not ended its commands, which are in groups of their own.
      const root = code === 0 ? { pid: child.pid, hasExited: () => true } : this.tree
      // The turn is over; what runs on holds its pipes and files, and nobody can stop it.
      if (code !== 0 || hasGroup(child.pid)) await endProcessTree(root, quickSteps)
    }
    await this.#ending
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
}

const quietMs = 100
const maxQuietRounds = 10

/**
 * Resolves when what a process said last was read, which may be after its exit. `close` comes after
 * it, unless a child of its own holds the pipes open: then a silence ends the wait. `chunks`: how
 * many were read so far.
 */
async function drained(child: ChildProcess, chunks: () => number): Promise<void> {
  const closed = new Promise<true>((resolve) => {
    child.once("close", () => resolve(true))
  })
  for (let round = 0; round < maxQuietRounds; round++) {
    const before = chunks()
    if (await Promise.race([closed, pause(quietMs)])) return
    if (chunks() === before) return
  }
}

/** Timers come before input in the event loop: after a long block input has its chance, too. */
function pause(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => setImmediate(resolve, false), ms)
  })
}
