import type { AgentKey } from "../../domain/agents.ts"
import type { ConversationRecord } from "../../domain/conversations.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { Item } from "../../domain/items.ts"
import type { Store, ThreadRecord, TurnRecord } from "../../domain/store.ts"
import { assertCallsAnswered } from "./request-items.ts"

export interface ConversationHead {
  readonly thread: ThreadRecord
  readonly turn: TurnRecord
}

/**
 * The turn after which this agent's thread holds exactly the conversation; null where no thread
 * does: its client changed the items, another agent spoke last, or the thread is gone.
 */
export async function findHead(
  conversation: ConversationRecord,
  agent: AgentKey,
  store: Store,
): Promise<ConversationHead | null> {
  const { headTurnId } = conversation
  const turn = headTurnId === null ? null : await store.findTurn(headTurnId)
  const thread = turn === null ? null : await store.findThread(turn.threadId)
  return turn === null || thread === null || !isOf(thread, agent) ? null : { thread, turn }
}

function isOf(thread: ThreadRecord, { id, identity }: AgentKey): boolean {
  return thread.agentId === id && thread.agentIdentity === identity
}

/** A client may delete a call but leave its output; no model accepts that: `invalid_request`. */
export function assertOutputsHaveCalls(items: readonly Item[]): void {
  const calls = new Set<string>()
  for (const item of items) {
    if (item.type === "function_call") calls.add(item.callId)
    if (item.type !== "function_call_output" || calls.has(item.callId)) continue
    throw new ProxyError(
      "invalid_request",
      `No function call stands before the output of '${item.callId}' in the conversation. Delete the output, or add the call.`,
      { param: "input" },
    )
  }
}

/** After `past` may come nothing new, but not nothing at all; every call must have its output. */
export function assertAnswerable(past: readonly Item[], added: readonly Item[]): void {
  assertCallsAnswered(past, added)
  if (past.length + added.length > 0) return
  throw new ProxyError(
    "invalid_request",
    "There is nothing to answer: the conversation is empty. Send something as 'input'.",
    {
      param: "input",
    },
  )
}

export function conversationNotFound(id: string, param?: string): ProxyError {
  return new ProxyError(
    "conversation_not_found",
    `Conversation with id '${id.slice(0, 100)}' not found.`,
    param === undefined ? {} : { param },
  )
}
