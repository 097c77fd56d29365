import type { spawn } from "node:child_process"
import type { Log } from "../../domain/log.ts"
import type { ToolEndpoint } from "../../domain/tool-endpoint.ts"
import type { ProbeMemory } from "../kit/process/probe.ts"
import type { EndStep } from "../kit/process/process-tree.ts"
import type { RunningProcesses } from "../kit/process/running-processes.ts"

export interface ExecTimeouts {
  /** How an interrupted turn is ended; together below two seconds. */
  readonly interruptSteps: readonly EndStep[]
  /** How long a process may live on after its last event, or its leftovers after it, before they are ended. */
  readonly exitMs: number
  /** For each question of the probe. */
  readonly probeMs: number
}

export const defaultTimeouts: ExecTimeouts = {
  interruptSteps: [
    { signal: "SIGINT", waitMs: 700 },
    { signal: "SIGTERM", waitMs: 500 },
    { signal: "SIGKILL", waitMs: 300 },
    { signal: "SIGKILL", waitMs: 300 },
  ],
  exitMs: 5_000,
  probeMs: 10_000,
}

export interface ExecBackendOptions {
  /** Name or path of the program. Looked up in `env.PATH` at each turn. */
  readonly executable: string
  /** Absolute path of the agent's workspace: where the program runs, always. `inbox` and `control` are used below it. */
  readonly cwd: string
  /** The complete environment of the child (see `codexEnvironment`). */
  readonly env: Readonly<Record<string, string>>
  /** Model of every turn, where the program takes one; null: the program's own. */
  readonly model: string | null
  /**
   * True with `sessions = "shared"`: a thread without history goes on in the newest session of the workspace
   * (`exec resume --last`) as long as nobody else of ours has run there in between.
   */
  readonly resumesLast: boolean
  /**
   * True: nobody has left a session here for this agent. The program keeps its sessions by the path of the workspace, and an agent
   * that was there before may have left some.
   */
  readonly isNewcomer?: boolean
  /** Null: the agent gets no functions of the client. */
  readonly toolEndpoint: ToolEndpoint | null
  readonly log: Log
  readonly timeouts?: Partial<ExecTimeouts>
  readonly spawn?: typeof spawn
  readonly probeMemory?: ProbeMemory
  /** Shared by those that run in the same workspace. */
  readonly running?: RunningProcesses
  /** Longest answer of a plain-text program, in UTF-16 units; beyond it the turn fails. */
  readonly maxAnswerLength?: number
}
