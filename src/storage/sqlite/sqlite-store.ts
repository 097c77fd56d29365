import type { AgentKey } from "../../domain/agents.ts"
import type { ConversationItem } from "../../domain/conversations.ts"
import { parseExact } from "../../domain/exact-numbers.ts"
import type { Item } from "../../domain/items.ts"
import { isFinished, type ResponseKind, type ResponseRecord } from "../../domain/responses.ts"
import type {
  ClockState,
  CompletionStore,
  IdempotencyRecord,
  LogSegment,
  NativeState,
  Owner,
  Store,
  ThreadRecord,
  TurnExtras,
  TurnPlace,
  TurnProgress,
  TurnRecord,
  TurnTrace,
  TurnWithOutput,
  UnfinishedResponse,
} from "../../domain/store.ts"
import type { LedgerDatabase } from "./ledger-database.ts"
import {
  idempotencyOf,
  jsonColumn,
  nativeItemsOf,
  outputItems,
  responseOf,
  storedItemOf,
  threadOf,
  turnOf,
  turnTraceOf,
  valuesOfResponse,
  valuesOfThread,
} from "./records.ts"
import { Row } from "./row.ts"
import { SharedTools } from "./shared-tools.ts"
import { SqliteCompletions, SqliteConversations } from "./sqlite-conversations.ts"
import { SqliteFiles } from "./sqlite-files.ts"
import { SqliteReplies } from "./sqlite-replies.ts"
import { SqliteTurnKeys } from "./sqlite-turn-keys.ts"

/** Pages that one round of retention gives back, so that a large deletion does not stall turns. */
const vacuumPages = 500

/**
 * The ledger in one SQLite file. `node:sqlite` is synchronous, so each method does its whole work
 * in one go: nothing of this process can come between, and calls take effect in the order they were
 * made. What each turn needs shares its transaction with that of other turns (`enqueue`).
 */
export class SqliteStore implements Store {
  readonly conversations: SqliteConversations
  readonly completions: CompletionStore
  readonly files: SqliteFiles
  readonly replies: SqliteReplies
  readonly #ledger: LedgerDatabase
  readonly #turnKeys: SqliteTurnKeys
  readonly #sharedTools: SharedTools

  constructor(ledger: LedgerDatabase) {
    this.#ledger = ledger
    this.#turnKeys = new SqliteTurnKeys(ledger)
    this.#sharedTools = new SharedTools(ledger)
    this.conversations = new SqliteConversations(ledger)
    this.completions = new SqliteCompletions(ledger)
    this.files = new SqliteFiles(ledger)
    this.replies = new SqliteReplies(ledger)
  }

  async insertTurn(
    thread: ThreadRecord,
    turn: TurnRecord,
    response: ResponseRecord,
    extras: TurnExtras = {},
  ): Promise<void> {
    await this.#ledger.enqueue(() => {
      this.#ledger.run("upsertThread", ...valuesOfThread(thread))
      this.#ledger.run(
        "insertTurn",
        turn.id,
        turn.threadId,
        turn.responseId,
        turn.parentTurnId,
        turn.nativeRef,
        turn.createdAt,
        JSON.stringify(turn.input),
        turn.conversationId,
      )
      if (turn.conversationId !== null) {
        this.conversations.begin(thread.principal, turn.conversationId, turn.id)
        if (response.status === "running") this.conversations.start(turn.id)
      }
      this.#ledger.run("insertResponse", ...valuesOfResponse(response, turn.id))
      this.#insertExtras(response, extras)
      response.output.forEach((item, index) => {
        this.#ledger.run("saveItem", turn.id, "output", index, JSON.stringify(item))
      })
    })
  }

  async saveProgress(progress: TurnProgress): Promise<void> {
    const { responseId, turnId } = progress
    const tools = await this.#ledger.enqueue(() => {
      for (const { outputIndex, item } of progress.items ?? []) {
        this.#ledger.run("saveItem", turnId, "output", outputIndex, JSON.stringify(item))
      }
      for (const { position, item } of progress.nativeItems ?? []) {
        this.#ledger.run("saveItem", turnId, "native", position, JSON.stringify(item) ?? "null")
      }
      for (const { firstSequence, json } of progress.log ?? []) {
        this.#ledger.run("saveLogSegment", responseId, firstSequence, json)
      }
      const { nativeThread, nativeTurnRef, marks, seenText } = progress
      const written = nativeThread === undefined ? null : this.#sharedTools.write(nativeThread.tools)
      if (nativeThread !== undefined && written !== null) {
        const { id, ref, instructions } = nativeThread
        this.#ledger.change("setNativeThread", id, ref, id)
        this.#ledger.run("setNativeState", id, instructions, written.json)
      }
      if (progress.note !== undefined) this.#ledger.run("setNote", progress.note, turnId)
      if ([nativeTurnRef, marks, seenText].some((value) => value !== undefined)) {
        this.#ledger.change(
          "updateTurn",
          turnId,
          nativeTurnRef ?? null,
          marks?.chain.all ?? null,
          marks?.chain.said ?? null,
          marks?.exchanges ?? null,
          seenText ?? null,
          turnId,
        )
      }
      if (marks !== undefined) this.#turnKeys.save(turnId, marks)
      const { status, completedAt, error, usage } = progress
      // A turn that has begun is never begun again.
      if (status !== undefined && status !== "queued") this.#ledger.run("deletePending", responseId)
      if ([status, completedAt, error, usage].some((value) => value !== undefined)) {
        this.#ledger.change(
          "updateResponse",
          responseId,
          status ?? null,
          completedAt ?? null,
          jsonColumn(error),
          jsonColumn(usage),
          responseId,
        )
      }
      if (progress.freesIdempotencyKey === true) this.#ledger.run("freeIdempotent", responseId)
      if (status === "running") this.conversations.start(turnId)
      else if (status !== undefined && isFinished(status)) this.conversations.end(turnId)
      return written
    })
    tools?.stored()
  }

  async findThread(threadId: string): Promise<ThreadRecord | null> {
    return this.#ledger.enqueueReading(() => this.#ledger.findOne("findThread", threadOf, threadId))
  }

  async findNativeState(threadId: string): Promise<NativeState | null> {
    return this.#ledger.enqueueReading(() =>
      this.#ledger.findOne("findNativeState", (columns) => this.#sharedTools.stateOf(columns), threadId),
    )
  }

  async findMainThread(principal: string, { id, identity }: AgentKey): Promise<ThreadRecord | null> {
    return this.#ledger.findOne("findMainThread", threadOf, principal, id, identity)
  }

  async findThreadBySession(
    principal: string,
    { id, identity }: AgentKey,
    sessionKey: string,
  ): Promise<ThreadRecord | null> {
    return this.#ledger.findOne("findThreadBySession", threadOf, principal, id, sessionKey, identity)
  }

  async findTurnsByKey(owner: Owner, key: string): Promise<readonly TurnPlace[]> {
    return this.#turnKeys.find(owner, key)
  }

  async findKeys(keys: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#turnKeys.known(keys)
  }

  async traceTurn(turnId: string): Promise<readonly TurnTrace[]> {
    return this.#ledger.enqueueReading(() => this.#ledger.all("traceTurn", turnId).map(turnTraceOf))
  }

  async findTraces(turnIds: readonly string[]): Promise<readonly TurnTrace[]> {
    if (turnIds.length === 0) return []
    return this.#ledger.enqueueReading(() =>
      this.#ledger.all("findTraces", JSON.stringify(turnIds)).map(turnTraceOf),
    )
  }

  async findTurnsAfter(turnId: string): Promise<readonly TurnTrace[]> {
    return this.#ledger.enqueueReading(() => this.#ledger.all("findTurnsAfter", turnId).map(turnTraceOf))
  }

  async hasThreadsOf(agentIdentity: string): Promise<boolean> {
    return this.#ledger.all("hasThreadsOf", agentIdentity).length > 0
  }

  async adoptThreads({ id, identity }: AgentKey): Promise<void> {
    this.#ledger.write("adoptThreads", identity, id)
  }

  async findTurn(turnId: string): Promise<TurnRecord | null> {
    return this.#ledger.enqueueReading(() => this.#ledger.findOne("findTurn", turnOf, turnId))
  }

  async findTurnOfResponse(responseId: string): Promise<TurnRecord | null> {
    return this.#ledger.findOne("findTurnOfResponse", turnOf, responseId)
  }

  async findOutput(turnId: string): Promise<readonly Item[]> {
    return outputItems(turnId, this.#ledger)
  }

  async findOutputItems(principal: string, ids: readonly string[]): Promise<readonly ConversationItem[]> {
    return this.#ledger.transaction("begin", () =>
      ids.flatMap((id) => this.#ledger.all("findOutputItem", id, principal).map(storedItemOf)),
    )
  }

  async lineage(turnId: string): Promise<readonly TurnWithOutput[]> {
    return this.#ledger.transaction("begin", () =>
      this.#ledger.all("lineage", turnId).map((columns) => {
        const turn = turnOf(columns)
        return {
          ...turn,
          output: outputItems(turn.id, this.#ledger),
          nativeKind: new Row(columns, `turn ${turn.id}`).text("backend"),
          nativeItems: nativeItemsOf(turn.id, this.#ledger),
        }
      }),
    )
  }

  async findResponse(principal: string, id: string): Promise<ResponseRecord | null> {
    return this.#findResponse("findResponse", principal, id)
  }

  async findAnswer(principal: string, id: string): Promise<ResponseRecord | null> {
    return this.#findResponse("findAnswer", principal, id)
  }

  async findIdempotent(principal: string, key: string): Promise<IdempotencyRecord | null> {
    return this.#ledger.findOne("findIdempotent", idempotencyOf, principal, key)
  }

  async deleteIdempotentBefore(time: number): Promise<void> {
    this.#ledger.write("deleteIdempotentBefore", time)
  }

  async readLog(responseId: string): Promise<readonly LogSegment[]> {
    return this.#ledger.all("readLog", responseId).map((columns) => {
      const row = new Row(columns, `the log of response ${responseId}`)
      return { firstSequence: row.integer("first_sequence"), json: row.text("json") }
    })
  }

  async deleteResponse(principal: string, kind: ResponseKind, id: string): Promise<boolean> {
    return this.#ledger.transaction("begin immediate", () => {
      if (this.#ledger.run("markResponseDeleted", id, principal, kind) === 0) return false
      // Nobody can read the stream again; the items stay, for the thread goes on from them.
      this.#ledger.run("deleteLog", id)
      return true
    })
  }

  async findUnfinished(): Promise<readonly UnfinishedResponse[]> {
    return this.#ledger.all("findUnfinished").map((columns) => {
      const row = new Row(columns, "an unfinished response")
      const status = row.text("status") === "queued" ? "queued" : "running"
      const pending = columns.pending === null ? null : row.json("pending", parseExact)
      return { responseId: row.text("id"), turnId: row.text("turn_id"), status, pending }
    })
  }

  /**
   * A thread stays as long as another thread descends from one of its turns or one of its turns is
   * unfinished: it goes in a later round, once the younger is gone. Call until there is none.
   */
  async deleteThreadsUsedBefore(time: number, limit: number): Promise<readonly ThreadRecord[]> {
    const removed = this.#ledger.transaction("begin immediate", () => {
      const threads = this.#ledger.all("findUnusedThreads", time, limit).map(threadOf)
      for (const thread of threads) this.#ledger.run("deleteThread", thread.id)
      return threads
    })
    this.#ledger.vacuum(vacuumPages)
    return removed
  }

  async check(): Promise<void> {
    this.#ledger.check()
  }

  async countThreads(): Promise<number> {
    return (
      this.#ledger.findOne("countThreads", (columns) => new Row(columns, "threads").integer("count")) ?? 0
    )
  }

  async readClock(): Promise<ClockState | null> {
    const fact = (name: string) =>
      this.#ledger.findOne("readFact", (columns) => new Row(columns, `fact ${name}`).integer("value"), name)
    const age = fact("age")
    const wall = fact("age_read_at")
    if (age !== null && wall !== null) return { age, wall }
    const newest = this.#ledger.findOne("findNewestUse", (columns) =>
      new Row(columns, "threads").integerOrNull("used_at"),
    )
    return newest === null ? null : { age: newest, wall: newest }
  }

  async saveClock({ age, wall }: ClockState): Promise<void> {
    this.#ledger.transaction("begin immediate", () => {
      this.#ledger.run("saveFact", "age", age)
      this.#ledger.run("saveFact", "age_read_at", wall)
    })
  }

  async close(): Promise<void> {
    this.#ledger.close()
  }

  #findResponse(name: "findResponse" | "findAnswer", principal: string, id: string): ResponseRecord | null {
    return this.#ledger.transaction("begin", () =>
      this.#ledger.findOne(name, (columns) => responseOf(columns, this.#ledger), id, principal),
    )
  }

  #insertExtras(response: ResponseRecord, { pending, idempotency }: TurnExtras): void {
    if (pending !== undefined) this.#ledger.run("insertPending", response.id, JSON.stringify(pending))
    if (idempotency === undefined) return
    const { key, requestHash, createdAt } = idempotency
    this.#ledger.run("insertIdempotent", response.principal, key, requestHash, response.id, createdAt)
  }
}
