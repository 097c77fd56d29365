import type { SQLInputValue } from "node:sqlite"
import type { ConversationItem, ConversationRecord, Metadata } from "../../domain/conversations.ts"
import type { TurnError } from "../../domain/errors.ts"
import { parseExact } from "../../domain/exact-numbers.ts"
import { readExchanges } from "../../domain/exchanges.ts"
import type { Item } from "../../domain/items.ts"
import { type ResponseRecord, responseKinds, responseStatuses } from "../../domain/responses.ts"
import type { IdempotencyRecord, ThreadRecord, TurnPlace, TurnRecord, TurnTrace } from "../../domain/store.ts"
import type { Usage } from "../../domain/usage.ts"
import type { LedgerDatabase } from "./ledger-database.ts"
import { type Columns, Row } from "./row.ts"

/** In the order of `upsertThread`. */
export function valuesOfThread(thread: ThreadRecord): readonly SQLInputValue[] {
  return [
    thread.id,
    thread.principal,
    thread.agentId,
    thread.backend,
    thread.keyHash,
    thread.nativeRef,
    Number(thread.isEphemeral),
    Number(thread.isMain),
    thread.sessionKey,
    thread.resendsHistory ? 1 : 0,
    thread.headTurnId,
    thread.createdAt,
    thread.usedAt,
    thread.instructions,
    thread.agentIdentity,
  ]
}

/** In the order of `insertResponse`. */
export function valuesOfResponse(response: ResponseRecord, turnId: string): readonly SQLInputValue[] {
  return [
    response.id,
    turnId,
    response.kind,
    response.principal,
    response.agentId,
    response.previousResponseId,
    Number(response.isStored),
    response.createdAt,
    response.status,
    response.completedAt,
    jsonColumn(response.error),
    jsonColumn(response.usage),
    JSON.stringify(response.echo),
    Number(response.isBackground),
  ]
}

export function threadOf(columns: Columns): ThreadRecord {
  const row = new Row(columns, `thread ${String(columns.id)}`)
  return {
    id: row.text("id"),
    principal: row.text("principal"),
    agentId: row.text("agent_id"),
    agentIdentity: row.textOrNull("agent_identity"),
    backend: row.text("backend"),
    keyHash: row.text("key_hash"),
    instructions: row.textOrNull("instructions"),
    nativeRef: row.textOrNull("native_ref"),
    isEphemeral: row.flag("is_ephemeral"),
    isMain: row.flag("is_main"),
    sessionKey: row.textOrNull("session_key"),
    resendsHistory: row.flag("resends_history"),
    headTurnId: row.textOrNull("head_turn_id"),
    createdAt: row.integer("created_at"),
    usedAt: row.integer("used_at"),
  }
}

export function turnOf(columns: Columns): TurnRecord {
  const row = new Row(columns, `turn ${String(columns.id)}`)
  const seenText = row.textOrNull("seen_text")
  const all = row.textOrNull("history_hash")
  return {
    id: row.text("id"),
    threadId: row.text("thread_id"),
    responseId: row.text("response_id"),
    parentTurnId: row.textOrNull("parent_turn_id"),
    nativeRef: row.textOrNull("native_ref"),
    input: row.jsonArray<Item>("input"),
    chain: all === null ? null : { all, said: row.textOrNull("said_hash") },
    createdAt: row.integer("created_at"),
    conversationId: row.textOrNull("conversation_id"),
    ...(seenText !== null && { seenText }),
  }
}

export function turnPlaceOf(columns: Columns): TurnPlace {
  const row = new Row(columns, `turn ${String(columns.id)}`)
  const id = row.text("id")
  return {
    id,
    threadId: row.text("thread_id"),
    sessionKey: row.textOrNull("session_key"),
    isHead: row.textOrNull("head_turn_id") === id,
  }
}

export function turnTraceOf(columns: Columns): TurnTrace {
  const row = new Row(columns, `turn ${String(columns.id)}`)
  const exchanges = row.textOrNull("exchanges")
  return {
    id: row.text("id"),
    exchanges: exchanges === null ? null : readExchanges(exchanges),
    status: row.oneOf("status", responseStatuses),
  }
}

export function responseOf(columns: Columns, ledger: LedgerDatabase): ResponseRecord {
  const row = new Row(columns, `response ${String(columns.id)}`)
  return {
    id: row.text("id"),
    kind: row.oneOf("kind", responseKinds),
    principal: row.text("principal"),
    agentId: row.text("agent_id"),
    previousResponseId: row.textOrNull("previous_response_id"),
    isStored: row.flag("is_stored"),
    isBackground: row.flag("is_background"),
    echo: row.jsonObject<Record<string, unknown>>("echo", parseExact),
    createdAt: row.integer("created_at"),
    status: row.oneOf("status", responseStatuses),
    completedAt: row.integerOrNull("completed_at"),
    error: row.jsonObjectOrNull<TurnError>("error"),
    usage: row.jsonObjectOrNull<Usage>("usage"),
    output: outputItems(row.text("turn_id"), ledger),
  }
}

export function idempotencyOf(columns: Columns): IdempotencyRecord {
  const row = new Row(columns, "an idempotency key")
  return {
    key: row.text("key"),
    requestHash: row.text("request_hash"),
    responseId: row.text("response_id"),
    createdAt: row.integer("created_at"),
  }
}

/** What the turn has made so far. */
export function outputItems(turnId: string, ledger: LedgerDatabase): readonly Item[] {
  const rows = ledger.all("findItems", turnId, "output")
  return rows.map((columns) => new Row(columns, `an output item of turn ${turnId}`).jsonObject<Item>("json"))
}

/** They may be any JSON: their form is the backend's business. */
export function nativeItemsOf(turnId: string, ledger: LedgerDatabase): readonly unknown[] {
  const rows = ledger.all("findItems", turnId, "native")
  return rows.map((columns) => new Row(columns, `a native item of turn ${turnId}`).json("json"))
}

export function conversationOf(columns: Columns): ConversationRecord {
  const row = new Row(columns, `conversation ${String(columns.id)}`)
  return {
    id: row.text("id"),
    principal: row.text("principal"),
    metadata: row.jsonObject<Metadata>("metadata"),
    headTurnId: row.textOrNull("head_turn_id"),
    createdAt: row.integer("created_at"),
  }
}

export function conversationItemOf(columns: Columns): ConversationItem {
  const row = new Row(columns, `item ${String(columns.item_id)} of a conversation`)
  return { item: row.jsonObject<Item>("json"), agentId: row.textOrNull("agent_id") }
}

/** An item of an answer with the agent that made it. */
export function storedItemOf(columns: Columns): ConversationItem {
  const row = new Row(columns, "an output item")
  return { item: row.jsonObject<Item>("json"), agentId: row.text("agent_id") }
}

export function jsonColumn(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value)
}
