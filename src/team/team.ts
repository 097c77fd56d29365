import type { AgentProfile } from "../domain/agents.ts"
import type { FunctionTool } from "../domain/backend.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import type { Log } from "../domain/log.ts"
import type { Roster } from "../domain/roster.ts"
import {
  type ServiceToolCall,
  type ServiceToolResult,
  type ServiceTools,
  teamServer,
} from "../domain/service-tools.ts"
import type { Engine } from "../engine/engine.ts"
import type { AgentReplies } from "./agent-replies.ts"
import { askAgentTool } from "./ask-agent-tool.ts"
import { Colleagues, type TeamLimits } from "./colleagues.ts"
import { hireAgentTool } from "./hire-agent-tool.ts"
import { listAgentsTool } from "./list-agents-tool.ts"
import { rememberTool } from "./remember-tool.ts"
import { replyTool } from "./reply-tool.ts"
import { taskResultTool } from "./task-result-tool.ts"
import type { TeamTool } from "./team-tool.ts"

export interface TeamOptions {
  /** Asked when a tool is called: engine and team know each other. */
  readonly engine: () => Engine
  readonly limits: TeamLimits & {
    /** Agents beside the manager, up to which it may hire more. */
    readonly teamAgents: number
  }
  readonly roster: Pick<Roster, "hire" | "list">
  readonly replies: AgentReplies
  readonly now: () => number
  readonly log: Log
}

/** The tools that agents get from the service: for their memory, and for working with each other. */
export class Team implements ServiceTools {
  readonly label = teamServer
  readonly #tools: ReadonlyMap<string, TeamTool>
  readonly #log: Log

  constructor(options: TeamOptions) {
    this.#log = options.log
    const colleagues = new Colleagues(options.engine, options.limits)
    const tools = [
      rememberTool(options.now),
      listAgentsTool(options.engine),
      askAgentTool(colleagues),
      taskResultTool(colleagues),
      hireAgentTool(options.roster, options.limits.teamAgents),
      replyTool(options.replies),
    ]
    this.#tools = new Map(tools.map((tool) => [tool.tool.name, tool]))
  }

  toolsFor(agent: AgentProfile): readonly FunctionTool[] {
    return [...this.#tools.values()].filter((tool) => tool.isFor(agent)).map(({ tool }) => tool)
  }

  async run({ name, arguments: json, turn, signal }: ServiceToolCall): Promise<ServiceToolResult> {
    try {
      const tool = this.#tools.get(name)
      // A thread keeps the tools that it was opened with, whatever its agent is now.
      if (tool === undefined || !tool.isFor(turn.agent)) {
        return { text: `There is no tool ${name} for you (any more).`, isError: true }
      }
      return await tool.run(json, turn, signal)
    } catch (error) {
      if (error instanceof ProxyError && error.code !== "internal_error") {
        return { text: error.message, isError: true }
      }
      this.#log("error", "a tool of the team failed", { tool: name, error: messageOf(error) })
      const text = `${name} failed within the service, whose log says more under ${turn.responseId}.`
      return { text, isError: true }
    }
  }
}
