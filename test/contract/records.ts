import type { AgentKey } from "../../src/domain/agents.ts"
import type { TurnMarks } from "../../src/domain/exchanges.ts"
import type { Item, MessageItem } from "../../src/domain/items.ts"
import type { ResponseRecord } from "../../src/domain/responses.ts"
import type { Owner, Store, ThreadRecord, TurnRecord } from "../../src/domain/store.ts"

/** The agent of the records. */
export const manager: AgentKey = { id: "manager", identity: "agent-1" }
export const alice: AgentKey = { id: "engineer_alice", identity: "agent-2" }

export const owner: Owner = { principal: "owner", agent: manager }

/** A message with every field set. */
export function message(text: string, role: MessageItem["role"] = "user"): MessageItem {
  return {
    type: "message",
    id: `msg_${text}`,
    role,
    content: [{ type: "text", text }],
    phase: role === "assistant" ? "final_answer" : null,
    status: "completed",
  }
}

export function thread(id: string, changes: Partial<ThreadRecord> = {}): ThreadRecord {
  return {
    id,
    principal: "owner",
    agentId: "manager",
    agentIdentity: "agent-1",
    backend: "demo",
    keyHash: "key-1",
    instructions: null,
    nativeRef: null,
    isEphemeral: false,
    isMain: false,
    sessionKey: null,
    resendsHistory: false,
    headTurnId: null,
    createdAt: 1_000,
    usedAt: 1_000,
    ...changes,
  }
}

export function turn(id: string, threadId: string, changes: Partial<TurnRecord> = {}): TurnRecord {
  return {
    id,
    threadId,
    responseId: `resp_${id}`,
    parentTurnId: null,
    nativeRef: null,
    input: [message(`input of ${id}`)],
    chain: null,
    createdAt: 1_000,
    conversationId: null,
    ...changes,
  }
}

export function response(id: string, changes: Partial<ResponseRecord> = {}): ResponseRecord {
  return {
    id,
    kind: "response",
    principal: "owner",
    agentId: "manager",
    previousResponseId: null,
    isStored: true,
    isBackground: false,
    echo: { temperature: 1 },
    createdAt: 1_000,
    status: "queued",
    completedAt: null,
    error: null,
    usage: null,
    output: [],
    ...changes,
  }
}

export interface Insertion {
  readonly turnId: string
  readonly threadId?: string
  readonly thread?: Partial<ThreadRecord>
  readonly turn?: Partial<TurnRecord>
  readonly response?: Partial<ResponseRecord>
}

/** Inserts a turn with its response; the thread's head follows. */
export async function insert(store: Store, insertion: Insertion): Promise<void> {
  const threadId = insertion.threadId ?? "thr_1"
  const ofTurn = turn(insertion.turnId, threadId, insertion.turn)
  const ofThread = thread(threadId, { headTurnId: ofTurn.id, ...insertion.thread })
  const ofResponse = response(ofTurn.responseId, {
    principal: ofThread.principal,
    agentId: ofThread.agentId,
    ...insertion.response,
  })
  await store.insertTurn(ofThread, ofTurn, ofResponse)
}

/** Of a turn that is found by one key. */
export function marksOf(key: string): TurnMarks {
  return { chain: { all: `all ${key}`, said: `said ${key}` }, exchanges: "", keys: [key], loop: null }
}

/** Ends a turn with one answer; `key`: by which it is found. */
export async function complete(store: Store, turnId: string, text: string, key?: string) {
  const output: Item[] = [message(text, "assistant")]
  await store.saveProgress({
    responseId: `resp_${turnId}`,
    turnId,
    items: output.map((item, outputIndex) => ({ outputIndex, item })),
    nativeItems: [{ position: 0, item: { native: text } }],
    log: [{ firstSequence: 0, json: JSON.stringify([text]) }],
    status: "completed",
    completedAt: 2_000,
    ...(key === undefined ? {} : { marks: marksOf(key) }),
  })
}
