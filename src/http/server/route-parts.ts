import type { Config } from "../../config/config.ts"
import type { ProxyError } from "../../domain/errors.ts"
import type { FileLibrary } from "../../domain/files.ts"
import type { Engine } from "../../engine/engine.ts"
import type { ToolChannels } from "../../mcp/tool-channels.ts"
import type { AgentReplies } from "../../team/agent-replies.ts"
import type { AgentTokens } from "../../team/agent-tokens.ts"
import type { ServiceBounds } from "./service-bounds.ts"

/** What routes are made from; each takes the part that it needs. */
export interface RouteParts {
  readonly engine: Engine
  readonly files: FileLibrary
  /** What agents' CLIs may call at `/mcp`. */
  readonly channels: ToolChannels
  readonly agentTokens: AgentTokens
  readonly replies: AgentReplies
  readonly config: Pick<
    Config,
    "apiKeys" | "home" | "host" | "limits" | "looseBodies" | "port" | "sessionHeaders" | "workingDirectory"
  >
  readonly bounds: ServiceBounds
  readonly service: ServiceFacts
}

/** What whoever runs turns needs. */
export type TurnParts = Pick<RouteParts, "engine" | "config" | "bounds">

/** The life of the service around the engine: `running` says nothing of the agents. */
export type ServicePhase = "starting" | "running" | "stopping"

/** What is told of the service as a whole. */
export interface ServiceFacts {
  readonly version: string
  readonly uptimeMs: () => number
  readonly phase: () => ServicePhase
  /** Why what is said now would not be kept, in words for everybody; null: it would. */
  readonly storageProblem: () => Promise<ProxyError | null>
}
