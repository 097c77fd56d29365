import type { BackendContext } from "../kit/backend-context.ts"
import type { EndStep } from "../kit/process/process-tree.ts"

export interface ClaudeTimeouts {
  /**
   * From the start of a process to its answer to `initialize`, and for all of a history to be told.
   */
  readonly startMs: number
  /** How long an interrupted turn may take to end by itself before its process is ended. */
  readonly interruptMs: number
  /** How long a process may take to end after its stdin was closed. */
  readonly closeMs: number
  readonly endSteps: readonly EndStep[]
  /** How long a process is kept warm that nobody uses. */
  readonly idleMs: number
  /** For `--version`, `--help` and `auth status`. */
  readonly probeMs: number
}

export const claudeTimeouts: ClaudeTimeouts = {
  startMs: 60_000,
  interruptMs: 2_000,
  closeMs: 2_000,
  endSteps: [
    { signal: "SIGINT", waitMs: 1_000 },
    { signal: "SIGTERM", waitMs: 500 },
    { signal: "SIGKILL", waitMs: 500 },
    { signal: "SIGKILL", waitMs: 500 },
  ],
  idleMs: 10 * 60_000,
  probeMs: 15_000,
}

/** A warm process takes 200 to 300 MB. */
export const defaultMaxIdle = 4

export interface ClaudeBackendOptions extends BackendContext {
  readonly timeouts?: Partial<ClaudeTimeouts>
  /** How many processes without a turn are kept warm; the longest unused ones are ended first. */
  readonly maxIdle?: number
}
