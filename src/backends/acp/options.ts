import type { BackendContext } from "../kit/backend-context.ts"
import type { EndStep } from "../kit/process/process-tree.ts"
import type { AcpCli } from "./clis.ts"

export interface AcpTimeouts {
  /** From spawn to the answer of `initialize`: opencode takes 7 s on an idle machine. */
  readonly handshakeMs: number
  /** Any request but a prompt; a program that answers none in this time is replaced. */
  readonly requestMs: number
  /** From `session/cancel` to the end of the turn. */
  readonly interruptMs: number
  /**
   * How long the process stays without a turn. Then its memory is given back; sessions are loaded
   * again by the next.
   */
  readonly idleMs: number
  readonly endSteps: readonly EndStep[]
}

export const acpTimeouts: AcpTimeouts = {
  handshakeMs: 60_000,
  requestMs: 60_000,
  interruptMs: 5_000,
  idleMs: 30 * 60_000,
  endSteps: [
    // Its stdin is closed by then, upon which most store their sessions and go; the signal says
    // nothing to a running program.
    { signal: "SIGCONT", waitMs: 1_500 },
    { signal: "SIGTERM", waitMs: 1_500 },
    { signal: "SIGKILL", waitMs: 1_000 },
    { signal: "SIGKILL", waitMs: 500 },
  ],
}

export interface AcpBackendOptions extends BackendContext {
  readonly cli: AcpCli
  /** What follows the program on its command line. */
  readonly args: readonly string[]
  readonly timeouts?: Partial<AcpTimeouts>
  /** Milliseconds; for the pauses between restarts. */
  readonly now?: () => number
}
