import type { AgentKey } from "./agents.ts"
import type { ConversationItem, ConversationStore, Metadata } from "./conversations.ts"
import type { TurnError } from "./errors.ts"
import type { Chain, Exchange, TurnMarks } from "./exchanges.ts"
import type { FileLedger } from "./files.ts"
import type { FunctionTool, Item } from "./items.ts"
import type { Page, PageRequest } from "./pages.ts"
import type { ReplyStore } from "./replies.ts"
import type { ResponseKind, ResponseRecord, ResponseStatus } from "./responses.ts"
import type { Usage } from "./usage.ts"

/** A path of turns in a backend's native thread, which may be replaced; ours stays. */
export interface ThreadRecord {
  /** `thr_...` */
  readonly id: string
  readonly principal: string
  readonly agentId: string
  /** Null: of a time when agents had none, and nobody has taken it over. */
  readonly agentIdentity: string | null
  /** Kind of the backend that owns `nativeRef`. */
  readonly backend: string
  /** Hash of instructions, tools and backend of its newest turn. */
  readonly keyHash: string
  /** Of its newest turn. What the native thread was told of them is `NativeState`. */
  readonly instructions: string | null
  /** Null until the first turn opened it, and after the CLI lost it. */
  readonly nativeRef: string | null
  readonly isEphemeral: boolean
  /** The one thread of `sessions = "shared"`. */
  readonly isMain: boolean
  /** The client's name for it, from a session header. */
  readonly sessionKey: string | null
  /** Its client sends the whole history each time: a request without any begins anew. */
  readonly resendsHistory: boolean
  readonly headTurnId: string | null
  readonly createdAt: number
  /** By the clock by which things age, not the machine's. */
  readonly usedAt: number
}

/** What a backend's thread was opened with, and what was told in it since. */
export interface NativeState {
  /** The client's; null: none. */
  readonly instructions: string | null
  readonly tools: readonly FunctionTool[]
  /** On what changed since it was opened; null: none, or taken back; empty: not known. */
  readonly note: string | null
}

/** One turn of the ledger; its answer is the response of `responseId`. */
export interface TurnRecord {
  /** `turn_...` */
  readonly id: string
  readonly threadId: string
  readonly responseId: string
  /** The turn before it in the conversation, in whichever thread. Null: the first. */
  readonly parentTurnId: string | null
  /** The CLI's name of the turn, for forks. */
  readonly nativeRef: string | null
  /** What the client brought and the thread did not hold: first of all resent history. */
  readonly input: readonly Item[]
  /** Of the conversation to the turn's end, as a client would resend it; null until then. */
  readonly chain: Chain | null
  /** By the clock by which things age. */
  readonly createdAt: number
  /** The API's conversation that it is a part of; null: none. */
  readonly conversationId: string | null
  /** Of an answer that was cut short: the native thread may hold more or less of it. */
  readonly seenText?: string
}

/** Whose turns are looked for. */
export interface Owner {
  readonly principal: string
  readonly agent: AgentKey
}

/** Where a turn stands. */
export interface TurnPlace {
  readonly id: string
  readonly threadId: string
  /** Of its thread. */
  readonly sessionKey: string | null
  /** True: its thread ends with it. */
  readonly isHead: boolean
}

/** A turn as it is compared with what a client sends. */
export interface TurnTrace {
  readonly id: string
  /** Null: it has not ended. */
  readonly exchanges: readonly Exchange[] | null
  readonly status: ResponseStatus
}

/** A turn with the answer and the native items, for seeding. */
export interface TurnWithOutput extends TurnRecord {
  readonly output: readonly Item[]
  readonly nativeKind: string
  readonly nativeItems: readonly unknown[]
}

/** A stretch of a response's log: JSON made and read by `engine/log/response-log.ts` only. */
export interface LogSegment {
  readonly firstSequence: number
  readonly json: string
}

export interface UnfinishedResponse {
  readonly responseId: string
  readonly turnId: string
  readonly status: "queued" | "running"
  /** What `insertTurn` was given to begin the turn later; null: nothing. */
  readonly pending: unknown
}

/** The client's name of a request: the same again is the same answer, and no second turn. */
export interface IdempotencyRecord {
  readonly key: string
  /** Of all that makes the request what it is. */
  readonly requestHash: string
  readonly responseId: string
  /** By the clock by which things age. */
  readonly createdAt: number
}

/** How far what is kept had aged at a time of the clock; in ms, see `engine/log/age-clock.ts`. */
export interface ClockState {
  readonly age: number
  readonly wall: number
}

/** What is stored along with a new turn, in the same transaction. */
export interface TurnExtras {
  /** JSON of `engine/plan/pending-turn.ts`, kept until the turn begins, in another run too. */
  readonly pending?: unknown
  readonly idempotency?: Omit<IdempotencyRecord, "responseId">
}

/** What changes when a turn goes on; absent fields stay as they are. */
export interface TurnProgress {
  readonly responseId: string
  readonly turnId: string
  readonly nativeTurnRef?: string
  /** Completed output items with their place in `output`. */
  readonly items?: readonly { readonly outputIndex: number; readonly item: Item }[]
  /** Native items with their number within the turn, from 0. */
  readonly nativeItems?: readonly { readonly position: number; readonly item: unknown }[]
  /** Oldest first. */
  readonly log?: readonly LogSegment[]
  /** The native thread that now stands behind the turn's thread, and what it was opened with. */
  readonly nativeThread?: { readonly id: string; readonly ref: string } & Omit<NativeState, "note">
  /** What was told in the native thread behind the turn's thread; see `NativeState`. */
  readonly note?: string | null
  readonly status?: ResponseStatus
  readonly completedAt?: number
  readonly error?: TurnError
  readonly usage?: Usage
  /** What the turn is found by, once it has ended. */
  readonly marks?: TurnMarks
  readonly seenText?: string
  /** Nothing was done: the same request under the same key is to be run. */
  readonly freesIdempotencyKey?: true
}

/** Which stored chat completions a client wants to see; null: of any. */
export interface CompletionFilter {
  readonly agentId: string | null
  /** Pairs that the metadata must have. */
  readonly metadata: Metadata
}

/** Lists and changes stored chat completions: those that ended with an answer. */
export interface CompletionStore {
  /** Null: `after` names no stored completion. */
  list(principal: string, filter: CompletionFilter, page: PageRequest): Promise<Page<ResponseRecord> | null>
  /** False: there is none. */
  setMetadata(principal: string, id: string, metadata: Metadata): Promise<boolean>
}

/**
 * The ledger. Every method is one transaction and atomic; none may be called with the id of another
 * principal's record in the hope of a check: methods that serve clients take the principal.
 */
export interface Store {
  readonly conversations: ConversationStore
  readonly completions: CompletionStore
  readonly files: FileLedger
  readonly replies: ReplyStore

  /**
   * A new turn with its response, which waits or runs at once (see `saveProgress`); the thread is
   * inserted or updated (`headTurnId`, `usedAt`, `sessionKey`, `resendsHistory`, `instructions`,
   * `keyHash`), and the turn becomes the head of its conversation.
   */
  insertTurn(
    thread: ThreadRecord,
    turn: TurnRecord,
    response: ResponseRecord,
    extras?: TurnExtras,
  ): Promise<void>
  /** To its conversation a turn adds what it brought when it runs, what it made at its end. */
  saveProgress(progress: TurnProgress): Promise<void>

  findThread(threadId: string): Promise<ThreadRecord | null>
  /** Null: there is none, or it is one of an earlier version of the service. */
  findNativeState(threadId: string): Promise<NativeState | null>
  /** The one that was used last. */
  findMainThread(principal: string, agent: AgentKey): Promise<ThreadRecord | null>
  findThreadBySession(principal: string, agent: AgentKey, sessionKey: string): Promise<ThreadRecord | null>
  /** Turns of this key (see `domain/turn-marks.ts`), the newest first; at most 20. */
  findTurnsByKey(owner: Owner, key: string): Promise<readonly TurnPlace[]>
  /** Those of these keys that some turn has. */
  findKeys(keys: readonly string[]): Promise<ReadonlySet<string>>
  /** The turn and all before it, oldest first: what `lineage` has, without the items. */
  traceTurn(turnId: string): Promise<readonly TurnTrace[]>
  /** These turns, in this order; those that are not there are left out. */
  findTraces(turnIds: readonly string[]): Promise<readonly TurnTrace[]>
  /** Turns whose parent it is, the newest first; at most 20. */
  findTurnsAfter(turnId: string): Promise<readonly TurnTrace[]>
  /** True: an agent with this identity has a thread. */
  hasThreadsOf(agentIdentity: string): Promise<boolean>
  /** Threads of that agent's name that belong to no identity belong to this one from now on. */
  adoptThreads(agent: AgentKey): Promise<void>
  findTurn(turnId: string): Promise<TurnRecord | null>
  findTurnOfResponse(responseId: string): Promise<TurnRecord | null>
  /** What the turn has made so far. */
  findOutput(turnId: string): Promise<readonly Item[]>
  /** Of stored answers, with the agent that made them; what is not there is left out. */
  findOutputItems(principal: string, ids: readonly string[]): Promise<readonly ConversationItem[]>
  /** The turn and all before it, oldest first. */
  lineage(turnId: string): Promise<readonly TurnWithOutput[]>

  findResponse(principal: string, id: string): Promise<ResponseRecord | null>
  /** Also such as cannot be retrieved (chat without `store`); deleted ones are gone. */
  findAnswer(principal: string, id: string): Promise<ResponseRecord | null>
  /** The newest request of that key. */
  findIdempotent(principal: string, key: string): Promise<IdempotencyRecord | null>
  deleteIdempotentBefore(time: number): Promise<void>
  /** The response's log, oldest segment first. */
  readLog(responseId: string): Promise<readonly LogSegment[]>
  /** Makes it unretrievable (404 from now on); the thread keeps its turn. False: there was none. */
  deleteResponse(principal: string, kind: ResponseKind, id: string): Promise<boolean>

  /** Responses left queued or running by a service that is gone. */
  findUnfinished(): Promise<readonly UnfinishedResponse[]>
  /** With their turns and responses; returns those that were removed. */
  deleteThreadsUsedBefore(time: number, limit: number): Promise<readonly ThreadRecord[]>
  /** Rejects with `storage_failed` where what is stored now would be lost. Cheap. */
  check(): Promise<void>
  countThreads(): Promise<number>
  /** As saved last; before that, the last use of a thread. Null: there is neither. */
  readClock(): Promise<ClockState | null>
  saveClock(state: ClockState): Promise<void>
  close(): Promise<void>
}
