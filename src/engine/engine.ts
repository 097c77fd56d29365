import type { AgentProfile, AgentStatus } from "../domain/agents.ts"
import type { Backend } from "../domain/backend.ts"
import type { ConversationItem, ConversationRecord, Metadata } from "../domain/conversations.ts"
import type { ProxyError } from "../domain/errors.ts"
import type { ClientItem } from "../domain/input-reference.ts"
import type { Item } from "../domain/items.ts"
import type { Page, PageRequest } from "../domain/pages.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ResponseKind, ResponseRecord } from "../domain/responses.ts"
import type { CompletionFilter, IdempotencyRecord } from "../domain/store.ts"
import type { ClientRequest, TurnRequest } from "../domain/turn-request.ts"

/** What the outside (http, cli, connectors) may ask of the engine. */
export interface Engine {
  readonly conversations: Conversations
  readonly completions: Completions
  /**
   * Fetches and saves what the input refers to, then plans, stores and queues a turn; resolves as
   * soon as the queued turn is in the ledger. Rejects with `ProxyError` (`model_not_found`,
   * `previous_response_not_found`, `agent_not_ready`, `queue_full`, `agent_stopped`, ...). With a
   * key that was used for the same request before, it is that request's answer, and no new turn.
   */
  submit(
    principal: string,
    request: ClientRequest,
    idempotency?: IdempotencyKey | null,
  ): Promise<LiveResponse>
  /** Refused when only a failed response could tell it; the ledger knows nothing of it. */
  refused(principal: string, request: RefusedRequest, error: ProxyError): LiveResponse
  /** Of this principal and kind, running ones included; rejects with `response_not_found`. */
  retrieve(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord>
  /** The same to be read from its first event on, running or over. */
  reopen(principal: string, kind: ResponseKind, id: string): Promise<LiveResponse>
  /**
   * Ends a background response, and resolves with it when its turn is really over; at once when it
   * was over before. Rejects with `response_not_found`, or `invalid_request` when it is not a
   * background response.
   */
  cancel(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord>
  /** All that the response was made from, the conversation before it included, oldest first. */
  inputItems(principal: string, kind: ResponseKind, id: string): Promise<readonly Item[]>
  /** Of this principal's stored answers, with their agents; what is not there is left out. */
  findItems(principal: string, ids: readonly string[]): Promise<readonly ConversationItem[]>
  /** Rejects with `response_not_found`, also the second time. A running turn is cancelled first. */
  remove(principal: string, kind: ResponseKind, id: string): Promise<void>
  /** All, the manager first. From memory: cheap enough for `GET /v1/models` and the page. */
  agents(): readonly AgentStatus[]
  /** By the `model` of a request as in `submit`, without the manager-first rule; null: none. */
  findAgent(model: string): AgentStatus | null
  /** The same; else throws that code, for that field, with who may be meant and who there is. */
  agentCalled(name: string, code: "model_not_found" | "agent_not_found", param: string): AgentStatus
  /** Which of the agents that had this id it is now; null: none, or it was not started yet. */
  identityOf(agentId: string): string | null
  /** True: another agent has the name of the one that gave this answer. */
  isAgentGone(answer: { readonly id: string; readonly agentId: string }): Promise<boolean>
  /** Turns of that agent that have begun and are not over. */
  runningTurns(agentId: string): readonly TurnNow[]
  /**
   * Adds to a running turn what its agent says otherwise than by its CLI: on the way, or as the
   * answer, which ends the turn. Resolves when it is stored. False: the turn does not run (any
   * more).
   */
  say(responseId: string, text: string, isFinal: boolean): Promise<boolean>
}

/** What its response shows of a request that was refused. */
export type RefusedRequest = Pick<TurnRequest, "kind" | "model" | "previousResponseId" | "echo">

/**
 * A client's own name of a request (`Idempotency-Key`), with the hash of all that makes the request
 * what it is. Or a name that is made of that hash, for a client that repeats by itself and says
 * which of its requests is a repeat.
 */
export interface IdempotencyKey extends Pick<IdempotencyRecord, "key" | "requestHash"> {
  /** Not the client's own name: only a `repeat` is the same request; a second `first` is not. */
  readonly attempt?: "first" | "repeat"
}

/** A turn that runs now, as the outside may know of it. */
export interface TurnNow {
  readonly responseId: string
  readonly principal: string
  readonly conversationId: string | null
  /** The CLI's name of its thread; null until it is opened. */
  readonly nativeThread: string | null
  /** Ids of the agents that wait for it, the first one to ask first. */
  readonly askedBy: readonly string[]
}

/** All reject with `conversation_not_found` for another principal's. */
export interface Conversations {
  create(principal: string, metadata: Metadata, items: readonly ClientItem[]): Promise<ConversationRecord>
  retrieve(principal: string, id: string): Promise<ConversationRecord>
  /** Replaces the metadata. */
  update(principal: string, id: string, metadata: Metadata): Promise<ConversationRecord>
  /** Its responses can still be retrieved. A turn that runs in it goes on, and adds nothing. */
  remove(principal: string, id: string): Promise<void>
  /** Resolves with the items as they are kept. */
  addItems(principal: string, id: string, items: readonly ClientItem[]): Promise<readonly Item[]>
  /** Rejects with `invalid_request` when `after` is none of its items. */
  listItems(principal: string, id: string, page: PageRequest): Promise<Page<ConversationItem>>
  /** Rejects with `item_not_found`. */
  retrieveItem(principal: string, id: string, itemId: string): Promise<ConversationItem>
  /** Rejects with `item_not_found`, also the second time. */
  removeItem(principal: string, id: string, itemId: string): Promise<ConversationRecord>
}

/** Of chat completions that clients had stored: those that ended with an answer. */
export interface Completions {
  /** Rejects with `response_not_found`, as all of these, and while the agent still works on it. */
  retrieve(principal: string, id: string): Promise<ResponseRecord>
  /** Rejects with `invalid_request` when `after` names none. */
  list(principal: string, filter: CompletionFilter, page: PageRequest): Promise<Page<ResponseRecord>>
  /** The system and developer text that the completion was asked with. */
  instructionsOf(principal: string, id: string): Promise<string | null>
  /** Replaces the metadata. */
  update(principal: string, id: string, metadata: Metadata): Promise<ResponseRecord>
}

/** What is kept of a turn outside the ledger, in the agent's own folder. */
export interface FinishedTurn {
  readonly record: ResponseRecord
  readonly threadId: string
  readonly conversationId: string | null
  /** False: the client wants nothing of it to be left. */
  readonly isKept: boolean
  /** The last words of the person, and the agent's answer. */
  readonly asked: string
  readonly answered: string
}

/** Who is asked, as far as its past goes. */
type AskedAgent = { readonly profile: AgentProfile; readonly backend: Backend }

/** A talk of before the ledger, which one new conversation goes on with. */
export interface EarlierPast {
  /**
   * Looks for it, where this agent and caller may have it. Bounded; rejects only as `isWanted`
   * does. Done at once when it is known, and where nobody wants it, which is asked only where it
   * would take time.
   */
  find(agent: AskedAgent, principal: string, isWanted: () => Promise<boolean>): Promise<void>
  /**
   * Reserves what has been found, until it is kept or given back; null: there is nothing for this
   * agent and caller, it is taken, or it has not been found yet.
   */
  reserve(agent: AskedAgent, principal: string): ReservedPast | null
}

/** One of the two is to be called, once. */
export interface ReservedPast {
  /** What was said. */
  readonly items: readonly Item[]
  /** A conversation that is stored goes on with it: nobody else ever has it. */
  keep(): void
  /** No conversation came of it. */
  giveBack(): void
}
