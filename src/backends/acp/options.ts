import type { spawn } from "node:child_process"
import type { Permissions } from "../../domain/agents.ts"
import type { BackendEvent } from "../../domain/backend.ts"
import type { Log } from "../../domain/log.ts"
import type { ToolEndpoint } from "../../domain/tool-endpoint.ts"
import type { EndStep } from "../kit/process/process-tree.ts"
import type { AcpCli } from "./clis.ts"

export interface AcpTimeouts {
  /** From spawn to the answer of `initialize`: opencode takes 7 s on an idle machine. */
  readonly handshakeMs: number
  /** Any request but a prompt; a program that answers none in this time is replaced. */
  readonly requestMs: number
  /** From `session/cancel` to the end of the turn. */
  readonly interruptMs: number
  /** How long the process stays without a turn. Then its memory is given back; sessions are loaded again by the next. */
  readonly idleMs: number
  readonly endSteps: readonly EndStep[]
}

export const defaultTimeouts: AcpTimeouts = {
  handshakeMs: 60_000,
  requestMs: 60_000,
  interruptMs: 5_000,
  idleMs: 30 * 60_000,
  endSteps: [
    // Its stdin is closed by then, upon which most store their sessions and go; the signal says nothing to a running program.
    { signal: "SIGCONT", waitMs: 1_500 },
    { signal: "SIGTERM", waitMs: 1_500 },
    { signal: "SIGKILL", waitMs: 1_000 },
    { signal: "SIGKILL", waitMs: 500 },
  ],
}

export interface AcpBackendOptions {
  readonly cli: AcpCli
  /** Name or path of the program. Looked up in `env.PATH` at each start. */
  readonly executable: string
  /** What follows the program on its command line. */
  readonly args: readonly string[]
  /** Absolute path of the agent's workspace: where the program runs, always. */
  readonly cwd: string
  /** The complete environment of the child. */
  readonly env: Readonly<Record<string, string>>
  /** Model of every session; null: the program's own. */
  readonly model: string | null
  readonly permissions: Permissions
  /** Absolute; below `cwd`, and not to be written with the permissions `workspace`. */
  readonly protectedFolders?: readonly string[]
  /** Null: functions of the client are refused. */
  readonly toolEndpoint: ToolEndpoint | null
  readonly onEvent: (event: BackendEvent) => void
  readonly log: Log
  readonly timeouts?: Partial<AcpTimeouts>
  readonly spawn?: typeof spawn
  /** Milliseconds; for the pauses between restarts. */
  readonly now?: () => number
}
