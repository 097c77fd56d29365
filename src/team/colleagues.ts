import * as z from "zod"
import { ProxyError } from "../domain/errors.ts"
import { answerText, textMessage } from "../domain/items.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import { isFinished, type ResponseRecord } from "../domain/responses.ts"
import type { CallingTurn, ServiceToolResult } from "../domain/service-tools.ts"
import { anyFunction, type ClientRequest } from "../domain/turn-request.ts"
import type { Engine } from "../engine/engine.ts"

export interface TeamLimits {
  /** Agents that may wait for each other in a row: with 1 the asked one asks no further. */
  readonly teamDepth: number
  /** Turns that one agent may have open with others at the same time. */
  readonly teamTasks: number
  /** Longest wait of an agent for another; after that it has to come back for the answer. */
  readonly teamWaitMs: number
}

/**
 * Agents that work for others. What is asked is a response like any other of the same principal, in
 * a thread of its own for each conversation that asks: so it is in the ledger, its id is the task's
 * id, and a restart forgets nothing.
 */
export class Colleagues {
  readonly #engine: Engine
  readonly #limits: TeamLimits
  /** Running turns by the agent that asked for them. */
  readonly #open = new Map<string, Set<object>>()

  constructor(engine: Engine, limits: TeamLimits) {
    this.#engine = engine
    this.#limits = limits
  }

  /** Begins a turn of the named agent; it ends when the asking turn is interrupted. */
  async ask(turn: CallingTurn, agentName: string, message: string, isTask: boolean): Promise<LiveResponse> {
    const engine = this.#engine
    const agent = engine.findAgent(agentName)
    if (agent === null) {
      const others = engine.agents().flatMap(({ id }) => (id === turn.agent.id ? [] : [id]))
      const known = others.length === 0 ? "There is no other agent" : `There are: ${others.join(", ")}`
      throw refused(`There is no agent '${agentName.slice(0, 100)}'. ${known}.`)
    }
    const asker = { agentId: turn.agent.id, askedBy: turn.askedBy }
    assertMayAsk(asker, agent.id, this.#limits.teamDepth)
    if (isTask && !turn.keepsThread) {
      throw refused(
        "Nothing of this conversation is kept, so no task can be left running. Ask with wait: true.",
      )
    }
    const open = this.#open.get(turn.agent.id) ?? new Set<object>()
    if (open.size >= this.#limits.teamTasks) {
      throw refused(
        `You have ${open.size} turns open with other agents, which is the limit. Wait for one of them first.`,
      )
    }
    // Counted before anything is awaited: parallel calls must not pass the limit together.
    const place = {}
    this.#open.set(turn.agent.id, open.add(place))
    const leave = (): void => {
      open.delete(place)
      if (open.size === 0) this.#open.delete(turn.agent.id)
    }
    try {
      const live = await engine.submit(turn.principal, askedRequest(turn, agent.id, message, isTask))
      const cancel = (): void => live.cancel()
      turn.interrupted.addEventListener("abort", cancel)
      if (turn.interrupted.aborted) cancel()
      void live.finished.finally(() => {
        turn.interrupted.removeEventListener("abort", cancel)
        leave()
      })
      return live
    } catch (error) {
      leave()
      throw error
    }
  }

  /** A turn that this agent has asked for before, running or over. */
  async find(turn: CallingTurn, taskId: string): Promise<LiveResponse> {
    const live = await this.#engine.reopen(turn.principal, "response", taskId).catch((error: unknown) => {
      if (error instanceof ProxyError && error.code === "response_not_found") return null
      throw error
    })
    const asker = live === null ? null : askerOf(live.record.echo)
    const isTheirs = asker?.agentId === turn.agent.id && !(await this.#engine.isAgentGone(asker))
    if (live === null || !isTheirs) {
      throw refused(`You have no task '${taskId.slice(0, 100)}'. Task ids come from ask_agent.`)
    }
    return live
  }

  /** The answer, or how things stand when the waiting time is over or nobody waits any more. */
  async resultOf(live: LiveResponse, signal: AbortSignal): Promise<ServiceToolResult> {
    let timer: NodeJS.Timeout | undefined
    const givenUp = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), this.#limits.teamWaitMs)
      signal.addEventListener("abort", () => resolve(null), { once: true })
    })
    const record = await Promise.race([live.finished, givenUp])
    clearTimeout(timer)
    return record === null ? this.stateOf(live) : finishedResult(record)
  }

  stateOf(live: LiveResponse): ServiceToolResult {
    const { record } = live
    if (isFinished(record.status)) return finishedResult(record)
    if (!record.isStored) {
      live.cancel()
      return { text: `${record.agentId} was not done in time and was interrupted.`, isError: true }
    }
    return {
      text: `${record.agentId} is still at work. The task id is ${record.id}; get the answer with task_result later.`,
      shown: shownOf(record),
    }
  }
}

function finishedResult(record: ResponseRecord): ServiceToolResult {
  const answer = answerText(record.output)
  const shown = shownOf(record)
  if (record.status === "completed") {
    return { text: answer === "" ? `${record.agentId} is done and said nothing.` : answer, shown }
  }
  const why =
    record.status === "cancelled"
      ? "was interrupted"
      : `failed: ${record.error?.message ?? "no reason is known"}`
  const rest = answer === "" ? "" : `\nUntil then it had said:\n${answer}`
  return { text: `${record.agentId} ${why}${rest}`, shown, isError: true }
}

/** What clients see of it: whose turn it was, and what it took. */
function shownOf(record: ResponseRecord): string {
  const { usage } = record
  return JSON.stringify({
    agent: record.agentId,
    response_id: record.id,
    status: record.status === "running" ? "in_progress" : record.status,
    answer: answerText(record.output),
    usage:
      usage === null
        ? null
        : {
            input_tokens: usage.inputTokens,
            cached_input_tokens: usage.cachedInputTokens,
            output_tokens: usage.outputTokens,
            reasoning_tokens: usage.reasoningTokens,
          },
  })
}

function refused(message: string): ProxyError {
  return new ProxyError("invalid_request", message)
}

/** In `echo`, and so in the response of the asked agent: who asked, and in which response. */
const origin = z.object({ metadata: z.object({ asked_by: z.string(), asked_in: z.string() }) })

/** What one agent asks of another one, as a request like a client's. */
function askedRequest(
  turn: CallingTurn,
  agentId: string,
  message: string,
  isBackground: boolean,
): ClientRequest {
  const { agent, conversation, keepsThread } = turn
  return {
    kind: "response",
    model: agentId,
    // The same in all turns of the thread: it belongs to the thread's key.
    instructions: `In this thread the agent \`${agent.id}\` asks you. It reads your last message, and nothing else of what you do.`,
    input: [textMessage("asked", "user", message)],
    tools: [],
    functionChoice: anyFunction,
    allowsParallelCalls: true,
    previousResponseId: null,
    conversationId: null,
    // No client can send a line feed in a header, so that none can name this thread.
    sessionKey: keepsThread ? `team\n${agent.identity}\n${conversation}` : null,
    resendsHistory: false,
    effort: null,
    outputSchema: null,
    answerLimits: { stopTexts: [], maxTokens: null },
    sideRequest: null,
    askedBy: [...turn.askedBy, agent.id],
    keepsThread,
    isStored: keepsThread,
    isBackground,
    echo: { metadata: { asked_by: agent.id, asked_in: turn.responseId } },
  }
}

/** The agent that asked, and the response in which it did; null: a client asked. */
function askerOf(
  echo: Readonly<Record<string, unknown>>,
): { readonly agentId: string; readonly id: string } | null {
  const parsed = origin.safeParse(echo)
  if (!parsed.success) return null
  const { asked_by: agentId, asked_in: id } = parsed.data.metadata
  return { agentId, id }
}

/** Who asks: its id, and those that wait for its turn, the first one to ask first. */
export interface Asker {
  readonly agentId: string
  readonly askedBy: readonly string[]
}

/**
 * Throws `agent_waits`, in words for the asking agent, when it may not ask `agentId`: nobody asks
 * itself, nor somebody who waits for the answer, and at most `depth` wait for each other in a row.
 */
export function assertMayAsk({ agentId: asker, askedBy }: Asker, agentId: string, depth: number): void {
  if (agentId === asker) {
    throw wouldWait(`You are ${agentId}: an agent cannot ask itself. Do it in this turn.`)
  }
  if (askedBy.includes(agentId)) {
    throw wouldWait(
      `${agentId} waits for this answer itself (${[...askedBy, asker].join(" asks ")}), so asking it would be a ` +
        "cycle. Answer with what you have, and say what you would need.",
    )
  }
  if (askedBy.length >= depth) {
    throw wouldWait(
      `${askedBy.length + 1} agents ask each other in a row already, and ${depth} may. Do it yourself, or answer ` +
        "with what you have.",
    )
  }
}

function wouldWait(message: string): ProxyError {
  return new ProxyError("agent_waits", message)
}
