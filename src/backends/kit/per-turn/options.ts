import type { BackendContext } from "../backend-context.ts"
import type { EndStep } from "../process/process-tree.ts"
import type { RunningProcesses } from "../process/running-processes.ts"

/** How an interrupted turn is ended; together below two seconds. */
const interruptSteps: readonly EndStep[] = [
  { signal: "SIGINT", waitMs: 700 },
  { signal: "SIGTERM", waitMs: 500 },
  { signal: "SIGKILL", waitMs: 300 },
  { signal: "SIGKILL", waitMs: 300 },
]

export const turnTimeouts = {
  interruptSteps,
  /** How long it may live on after its last event, or its leftovers, before they are ended. */
  exitMs: 5_000,
}
export type TurnTimeouts = typeof turnTimeouts

export interface PerTurnOptions extends Pick<BackendContext, "executable" | "cwd" | "env" | "log"> {
  readonly timeouts?: Partial<TurnTimeouts>
  /** Shared by those that run in the same workspace. */
  readonly running?: RunningProcesses
}
