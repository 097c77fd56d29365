import type { BackendContext } from "../kit/backend-context.ts"
import type { EndStep } from "../kit/process/process-tree.ts"
import type { AcpCli } from "./clis.ts"

const endSteps: readonly EndStep[] = [
  // Its stdin is closed by then, upon which most store their sessions and go; the signal says
  // nothing to a running program.
  { signal: "SIGCONT", waitMs: 1_500 },
  { signal: "SIGTERM", waitMs: 1_500 },
  { signal: "SIGKILL", waitMs: 1_000 },
  { signal: "SIGKILL", waitMs: 500 },
]

export const acpTimeouts = {
  /** From spawn to the answer of `initialize`: opencode takes 7 s on an idle machine. */
  handshakeMs: 60_000,
  /** Any request but a prompt; a program that answers none in this time is replaced. */
  requestMs: 60_000,
  /** From `session/cancel` to the end of the turn. */
  interruptMs: 5_000,
  /** How long the process stays without a turn; its memory is given back then. */
  idleMs: 30 * 60_000,
  endSteps,
}
export type AcpTimeouts = typeof acpTimeouts

export interface AcpBackendOptions extends BackendContext {
  readonly cli: AcpCli
  /** What follows the program on its command line. */
  readonly args: readonly string[]
  readonly timeouts?: Partial<AcpTimeouts>
  /** Milliseconds; for the pauses between restarts. */
  readonly now?: () => number
}
