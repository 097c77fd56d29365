import { type ChildProcess, spawn as nodeSpawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import path from "node:path"
import { printedText } from "../../domain/printed-text.ts"
import { childEnvironment } from "../kit/process/child-environment.ts"
import { drained } from "../kit/process/drained.ts"
import { couldNotStart } from "../kit/process/exit-reason.ts"
import {
  type EndStep,
  endProcessTree,
  membersOf,
  type ProcessRow,
  snapshot,
  type TreeRoot,
} from "../kit/process/process-tree.ts"
import { type RunningProcesses, turnMarkerName } from "../kit/process/running-processes.ts"
import { providerKeyNames } from "./provider-key.ts"

export interface AppServerProcessOptions {
  /** Absolute path. */
  readonly file: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly endStepMs: number
  readonly spawn?: typeof nodeSpawn
  /** Where it is noted as long as it runs. Absent: it is gone in a moment. */
  readonly running?: RunningProcesses
  readonly onData: (chunk: Buffer) => void
}

const stderrTailBytes = 8_192
/** For what a codex that died by itself has left behind. */
const leftoverSteps: readonly EndStep[] = [
  { signal: "SIGTERM", waitMs: 500 },
  { signal: "SIGKILL", waitMs: 500 },
]

/**
 * The child `codex app-server` with its three pipes. It leads a process group of its own: npm's launcher may stay
 * beside the native program (Node 20), and a signal must reach both.
 */
export class AppServerProcess {
  readonly #child: ChildProcess
  readonly #endStepMs: number
  readonly #running: RunningProcesses | null
  /** In the environment of its shell commands. Its MCP servers get a new environment. */
  readonly #marker = randomUUID()
  /** What ran below it at the last look. */
  readonly #seen = new Map<number, ProcessRow>()
  #isLooking = false
  #stderrTail = ""
  #chunks = 0
  #isGone = false
  #ending: Promise<void> | null = null
  /** Resolves with a sentence when the process is gone or could not be started. Never rejects. */
  readonly exited: Promise<string>

  constructor(options: AppServerProcessOptions) {
    this.#endStepMs = options.endStepMs
    this.#running = options.running ?? null
    const spawn = options.spawn ?? nodeSpawn
    this.#child = spawn(options.file, ["app-server"], {
      cwd: options.cwd,
      env: { ...options.env, [turnMarkerName]: this.#marker },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      windowsHide: true,
    })
    if (this.#child.pid !== undefined) this.#running?.add(this.#child.pid, this.#marker)
    // Attached in the same tick as the spawn: an early death would be missed otherwise.
    this.exited = new Promise((resolve) => {
      const settle = (reason: string) => {
        this.#isGone = true
        resolve(reason)
      }
      this.#child.once("error", (error) => {
        // Also emitted when a signal could not be sent; then the process lives on.
        if (this.#child.pid === undefined) settle(couldNotStart(error))
      })
      this.#child.once("exit", (code, signal) => {
        this.#isGone = true
        this.#ending ??= this.#endTree(leftoverSteps)
        void this.#ending.then(() => this.#forget())
        const reason = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
        void drained(this.#child, () => this.#chunks).then(() => settle(reason))
      })
    })
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.#chunks += 1
      options.onData(chunk)
    })
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#chunks += 1
      this.#stderrTail = (this.#stderrTail + text).slice(-stderrTailBytes)
    })
    // A write after the child's death fails here; `exited` tells the story.
    this.#child.stdin?.on("error", () => {})
    this.#child.stdout?.on("error", () => {})
    this.#child.stderr?.on("error", () => {})
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The last kilobytes that it wrote to stderr: the place of start-up errors. */
  get stderrTail(): string {
    return printedText(this.#stderrTail)
  }

  write(line: string): void {
    if (!this.#isGone && this.#child.stdin?.writable) this.#child.stdin.write(`${line}\n`)
  }

  /**
   * Remembers who runs below it now. A server of MCP, and the browser that it has started, may be in groups and sessions of
   * their own, and once codex has died nothing tells any more whose they were.
   */
  async look(): Promise<void> {
    if (this.#isLooking || this.#isGone) return
    this.#isLooking = true
    const rows = await snapshot()
    this.#isLooking = false
    if (this.#isGone || rows.length === 0) return
    const below = membersOf(rows, this.tree, this.#seen).filter(({ pid }) => pid !== this.pid)
    const gone = new Set(this.#seen.keys())
    for (const row of below) {
      gone.delete(row.pid)
      if (this.#seen.get(row.pid)?.startedAt === row.startedAt) continue
      this.#seen.set(row.pid, row)
      this.#running?.add(row.pid, this.#marker)
    }
    for (const pid of gone) {
      this.#seen.delete(pid)
      this.#running?.remove(pid)
    }
  }

  /**
   * Closes stdin (codex ends its commands and exits in about 100 ms), then SIGTERM, then SIGKILL, until also nothing that it
   * started is left: an MCP server may take longer than codex, or not go by itself. Safe twice.
   */
  end(): Promise<void> {
    // SIGCONT says nothing to a running program.
    this.#ending ??= this.#end(["SIGCONT", "SIGTERM", "SIGKILL"])
    return this.#ending
  }

  /** At once, for a process that no longer answers. */
  kill(): Promise<void> {
    if (this.#ending !== null) this.#signal("SIGKILL")
    this.#ending ??= this.#end(["SIGKILL", "SIGKILL"])
    return this.#ending
  }

  async #end(signals: readonly NodeJS.Signals[]): Promise<void> {
    const { pid } = this.#child
    if (this.#isGone || pid === undefined) return
    this.#child.stdin?.end()
    await this.#endTree(signals.map((signal) => ({ signal, waitMs: this.#endStepMs })))
    await this.#goneWithin(this.#endStepMs)
  }

  #endTree(steps: readonly EndStep[]): Promise<void> {
    return endProcessTree(this.tree, steps)
  }

  /** The process with all that it has started. */
  get tree(): TreeRoot {
    const marker = [turnMarkerName, this.#marker] as const
    return { pid: this.pid, hasExited: () => this.#isGone, marker, seen: this.#seen.values() }
  }

  /** Nothing of it is left. */
  #forget(): void {
    for (const pid of [this.pid, ...this.#seen.keys()]) this.#running?.remove(pid)
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child.pid
    if (pid === undefined || this.#isGone) return
    try {
      process.kill(-pid, signal)
    } catch {
      // No such group: it has just gone, or the platform has none; the child itself is signalled then.
      this.#child.kill(signal)
    }
  }

  async #goneWithin(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, false)
    })
    const gone = await Promise.race([this.exited.then(() => true), timeout])
    clearTimeout(timer)
    return gone
  }
}

/** The environment of a codex process: the allow-list, and the variables that the user's codex configuration names. */
export function codexEnvironment(
  source: NodeJS.ProcessEnv,
  passEnv: readonly string[],
): Record<string, string> {
  return childEnvironment(source, [...passEnv, ...providerKeyNames(readCodexConfig(source))])
}

function readCodexConfig(source: NodeJS.ProcessEnv): string {
  const home = source.CODEX_HOME || (source.HOME ? path.join(source.HOME, ".codex") : null)
  if (home === null) return ""
  try {
    return readFileSync(path.join(home, "config.toml"), "utf8")
  } catch {
    // No configuration is the normal case of a fresh log-in.
    return ""
  }
}
