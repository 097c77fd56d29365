import type { spawn } from "node:child_process"
import type { Permissions } from "../../domain/agents.ts"
import type { BackendEvent } from "../../domain/backend.ts"
import type { Log } from "../../domain/log.ts"
import type { ToolEndpoint } from "../../domain/tool-endpoint.ts"
import type { ProbeMemory } from "../kit/process/probe.ts"
import type { EndStep } from "../kit/process/process-tree.ts"

export interface ClaudeTimeouts {
  /** From the start of a process to its answer to `initialize`, and for all of a history to be told. */
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

export const defaultTimeouts: ClaudeTimeouts = {
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

export interface ClaudeBackendOptions {
  /** Name or path of the program. Looked up in `env.PATH` at each start. */
  readonly executable: string
  /** Absolute path of the agent's workspace: claude finds its sessions by the folder it runs in. */
  readonly cwd: string
  /** The complete environment of the child (see `claudeEnvironment`). */
  readonly env: Readonly<Record<string, string>>
  /** Model of every turn that names none; null: claude's own. */
  readonly model: string | null
  readonly permissions: Permissions
  /** Absolute; below `cwd`, and not to be written with the permissions `workspace`. */
  readonly protectedFolders?: readonly string[]
  /** Null: clients' functions cannot be called. */
  readonly toolEndpoint: ToolEndpoint | null
  readonly onEvent: (event: BackendEvent) => void
  readonly log: Log
  readonly timeouts?: Partial<ClaudeTimeouts>
  /** How many processes without a turn are kept warm; the longest unused ones are ended first. */
  readonly maxIdle?: number
  readonly spawn?: typeof spawn
  readonly probeMemory?: ProbeMemory
}
