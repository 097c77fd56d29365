import type { BackendContext } from "../kit/backend-context.ts"
import { type PerTurnOptions, turnTimeouts } from "../kit/per-turn/options.ts"

export const execTimeouts = {
  ...turnTimeouts,
  /** For each question of the probe. */
  probeMs: 10_000,
}
type ExecTimeouts = typeof execTimeouts

export interface ExecBackendOptions
  extends Omit<PerTurnOptions, "timeouts">,
    Pick<BackendContext, "model" | "toolEndpoint" | "memory"> {
  /**
   * True with `sessions = "shared"`: a thread without history goes on in the newest session of the
   * workspace (`exec resume --last`) as long as nobody else of ours has run there in between.
   */
  readonly resumesLast: boolean
  /**
   * True: nobody has left a session here for this agent. The program keeps its sessions by the path
   * of the workspace, and an agent that was there before may have left some.
   */
  readonly isNewcomer?: boolean
  readonly timeouts?: Partial<ExecTimeouts>
  /** Longest answer of a plain-text program, in UTF-16 units; beyond it the turn fails. */
  readonly maxAnswerLength?: number
}
