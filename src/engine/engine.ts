import type { AgentStatus } from "../domain/agents.ts"
import type { ConversationItem } from "../domain/conversations.ts"
import type { Item } from "../domain/items.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ResponseKind, ResponseRecord } from "../domain/responses.ts"
import type { ClientRequest } from "../domain/turn-request.ts"
import type { IdempotencyKey } from "./request/idempotency.ts"
import type { Conversations } from "./stored/conversations.ts"
import type { Completions } from "./stored/stored-responses.ts"
import type { TurnNow } from "./turn/live-turns.ts"

/** What the outside (http, cli, connectors) may ask of the engine. */
export interface Engine {
  readonly conversations: Conversations
  readonly completions: Completions
  /**
   * Fetches and saves what the input refers to, then plans, stores and queues a turn; resolves as soon as the queued turn is in the ledger. Rejects with `ProxyError`
   * (`model_not_found`, `previous_response_not_found`, `agent_not_ready`, `queue_full`, `agent_stopped`, ...). With a key
   * that was used for the same request before, it is that request's answer, and no new turn.
   */
  submit(
    principal: string,
    request: ClientRequest,
    idempotency?: IdempotencyKey | null,
  ): Promise<LiveResponse>
  /** A stored response of this principal and kind, running ones included; rejects with `response_not_found`. */
  retrieve(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord>
  /** The same to be read from its first event on, running or over. */
  reopen(principal: string, kind: ResponseKind, id: string): Promise<LiveResponse>
  /**
   * Ends a background response, and resolves with it when its turn is really over; at once when it was over before.
   * Rejects with `response_not_found`, or `invalid_request` when it is not a background response.
   */
  cancel(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord>
  /** All items that the response was made from, the conversation before it included, oldest first. */
  inputItems(principal: string, kind: ResponseKind, id: string): Promise<readonly Item[]>
  /** Items of this principal's stored answers by their ids, with their agents; what is not there is left out. */
  findItems(principal: string, ids: readonly string[]): Promise<readonly ConversationItem[]>
  /** Rejects with `response_not_found`, also the second time. A running turn is cancelled first. */
  remove(principal: string, kind: ResponseKind, id: string): Promise<void>
  /** All agents, the manager first. From memory: cheap enough for `GET /v1/models` and the status page. */
  agents(): readonly AgentStatus[]
  /** Looks an agent up by the `model` of a request as `submit` would, without the manager-first rule; null: none. */
  findAgent(model: string): AgentStatus | null
  /** Which of the agents that have had this id it is now; null: none, or it has not been started yet. */
  identityOf(agentId: string): string | null
  /** True: another agent has the name of the one that gave this answer. */
  isAgentGone(answer: { readonly id: string; readonly agentId: string }): Promise<boolean>
  /** Turns of that agent that have begun and are not over. */
  runningTurns(agentId: string): readonly TurnNow[]
  /**
   * Adds to a running turn what its agent says otherwise than by its CLI: on the way, or as the answer, which ends the turn.
   * Resolves when it is stored. False: the turn does not run (any more).
   */
  say(responseId: string, text: string, isFinal: boolean): Promise<boolean>
}
