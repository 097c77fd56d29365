import * as z from "zod"
import { type AgentProfile, explain } from "../domain/agents.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import type { FunctionTool } from "../domain/items.ts"
import type { Log } from "../domain/log.ts"
import type { Roster } from "../domain/roster.ts"
import {
  type ServiceToolCall,
  type ServiceToolResult,
  type ServiceTools,
  teamServer,
} from "../domain/service-tools.ts"
import type { Engine } from "../engine/engine.ts"
import { appendMemory, maxFactLength } from "../workspace/agent/notes.ts"
import type { AgentReplies } from "./agent-replies.ts"
import { Colleagues, type TeamLimits } from "./colleagues.ts"
import { hireAgentTool } from "./hire-agent-tool.ts"
import { type TeamTool, teamTool } from "./team-tool.ts"

interface TeamOptions {
  readonly engine: Engine
  readonly limits: TeamLimits & {
    /** Agents beside the manager, up to which it may hire more. */
    readonly teamAgents: number
  }
  readonly roster: Pick<Roster, "hire" | "list">
  readonly replies: AgentReplies
  readonly now: () => number
}

/** What agents get from the service: for their memory, and for working with each other. */
export class Team implements ServiceTools {
  readonly label = teamServer
  readonly #tools = new Map<string, TeamTool>()
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /** Before the first turn: what the tools do goes through the engine, which has the team. */
  give(tools: readonly TeamTool[]): void {
    for (const tool of tools) this.#tools.set(tool.tool.name, tool)
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

export function teamTools({ engine, limits, roster, replies, now }: TeamOptions): readonly TeamTool[] {
  const colleagues = new Colleagues(engine, limits)
  return [
    rememberTool(now),
    listAgentsTool(engine),
    askAgentTool(colleagues),
    taskResultTool(colleagues),
    hireAgentTool(roster, limits.teamAgents),
    replyTool(replies),
  ]
}

function listAgentsTool(engine: Engine): TeamTool {
  return teamTool({
    name: "list_agents",
    description: "Lists the agents of this service, you among them, and whether they can be asked now.",
    schema: z.object({}),
    run: ({ turn }) => {
      const lines = engine.agents().map(({ id, role, readiness, runningTurns }) => {
        const you = id === turn.agent.id ? ", you" : ""
        const state = readiness.isReady ? `${runningTurns} turns running` : explain(readiness)
        return `- ${id} (${role}${you}): ${state}`
      })
      return { text: lines.join("\n") }
    },
  })
}

function rememberTool(now: () => number): TeamTool {
  return teamTool({
    name: "remember",
    description:
      "Keeps a lasting fact in your memory (memory/memory.md), dated. Your memory is put in front of every new thread, and " +
      "everybody who may talk to you shares it: no passwords, no keys.",
    schema: z.object({
      fact: z.string().min(1).max(maxFactLength).describe("One fact, understandable without this thread."),
    }),
    run: async ({ arguments: { fact }, turn }) => {
      await appendMemory(turn.agent.workspace, fact, new Date(now()))
      return { text: "It is in your memory." }
    },
  })
}

function replyTool(replies: AgentReplies): TeamTool {
  return teamTool({
    name: "reply",
    description:
      "Says something to whoever waits for your answer, before you have it: what you have found, or what takes long. Your answer " +
      "itself is your last message, as always.",
    schema: z.object({ text: z.string().min(1).max(100_000) }),
    run: async ({ arguments: { text }, turn }) => {
      const { delivery } = await replies.deliver(
        {
          agentId: turn.agent.id,
          text,
          isFinal: false,
          sent: null,
          responseId: turn.responseId,
          conversationId: null,
          nativeThread: null,
          clientId: null,
        },
        turn.principal,
      )
      return { text: delivery === "turn" ? "It was said." : "Nobody waits any more; it is kept." }
    },
  })
}

function taskResultTool(colleagues: Colleagues): TeamTool {
  return teamTool({
    name: "task_result",
    description: "The answer to what you asked another agent with wait: false, or that it is still at work.",
    schema: z.object({
      task_id: z.string().min(1),
      wait: z.boolean().default(true).describe("false: do not wait for the end."),
    }),
    run: async ({ arguments: { task_id: taskId, wait }, turn, signal }) => {
      const live = await colleagues.find(turn, taskId)
      return wait ? colleagues.resultOf(live, signal) : colleagues.stateOf(live)
    },
  })
}

const maxMessageLength = 200_000

function askAgentTool(colleagues: Colleagues): TeamTool {
  return teamTool({
    name: "ask_agent",
    description:
      "Asks another agent, who works in a workspace and with a memory of its own and remembers what you asked before in this " +
      "conversation. It knows nothing of this thread: the message must say all that it needs. Returns its answer, or, with " +
      "wait: false, a task id at once.",
    schema: z.object({
      agent: z.string().min(1).describe("Its id or name, see list_agents."),
      message: z.string().min(1).max(maxMessageLength),
      wait: z.boolean().default(true).describe("false: do not wait for the answer; get it with task_result."),
    }),
    run: async ({ arguments: { agent, message, wait }, turn, signal }) => {
      const live = await colleagues.ask(turn, agent, message, !wait)
      if (!wait) return colleagues.stateOf(live)
      // Also when the CLI fails, which is no interrupt: nobody would read the answer.
      const cancel = (): void => live.cancel()
      signal.addEventListener("abort", cancel)
      if (signal.aborted) cancel()
      const result = await colleagues.resultOf(live, signal)
      signal.removeEventListener("abort", cancel)
      return result
    },
  })
}
