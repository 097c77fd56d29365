import type { BackendContext } from "../kit/backend-context.ts"
import type { EndStep } from "../kit/process/process-tree.ts"

const endSteps: readonly EndStep[] = [
  { signal: "SIGINT", waitMs: 1_000 },
  { signal: "SIGTERM", waitMs: 500 },
  { signal: "SIGKILL", waitMs: 500 },
  { signal: "SIGKILL", waitMs: 500 },
]

export const claudeTimeouts = {
  /** From the start of a process to its answer to `initialize`, and for a history to be told. */
  startMs: 60_000,
  /** How long an interrupted turn may take to end by itself before its process is ended. */
  interruptMs: 2_000,
  /** How long a process may take to end after its stdin was closed. */
  closeMs: 2_000,
  endSteps,
  /** How long a process is kept warm that nobody uses. */
  idleMs: 10 * 60_000,
  /** For `--version`, `--help` and `auth status`. */
  probeMs: 15_000,
}
export type ClaudeTimeouts = typeof claudeTimeouts

/** A warm process takes 200 to 300 MB. */
export const defaultMaxIdle = 4

export interface ClaudeBackendOptions extends BackendContext {
  readonly timeouts?: Partial<ClaudeTimeouts>
  /** How many processes without a turn are kept warm; the longest unused ones are ended first. */
  readonly maxIdle?: number
}
