import type { Permissions } from "../../domain/agents.ts"
import type { BackendEvent } from "../../domain/backend.ts"
import type { Log } from "../../domain/log.ts"
import type { ToolEndpoint } from "../../domain/tool-endpoint.ts"
import { FittedFunctions } from "./functions/handed-functions.ts"
import { ProbeMemory } from "./process/probe-memory.ts"

/** What is found out once for all agents of a service. */
export class BackendMemory {
  readonly programs = new ProbeMemory()
  readonly functions = new FittedFunctions()
}

/** How far an agent may go. */
export interface AgentLimits {
  readonly permissions: Permissions
  /** Absolute; where the agent may write beside its workspace with the permissions `workspace`. */
  readonly writableFolders?: readonly string[]
  /** Absolute; where it may not, although they are below one of these or of the workspace. */
  readonly protectedFolders?: readonly string[]
}

/** What a backend of any kind is made of. */
export interface BackendContext extends AgentLimits {
  /** Name or path of the program. Looked up in `env.PATH` at each start. */
  readonly executable: string
  /** Absolute path of the agent's workspace: where its program runs, always. */
  readonly cwd: string
  /** The complete environment of the child. */
  readonly env: Readonly<Record<string, string>>
  /** Model of every thread that names none; null: the program's own. */
  readonly model: string | null
  /** Null: functions of the client cannot be called, where the program knows them only over MCP. */
  readonly toolEndpoint: ToolEndpoint | null
  readonly memory: BackendMemory
  readonly onEvent: (event: BackendEvent) => void
  readonly log: Log
}
