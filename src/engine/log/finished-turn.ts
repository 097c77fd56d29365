import { answerText } from "../../domain/answer-text.ts"
import { type Item, textOf } from "../../domain/items.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"

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

export function finishedTurn(record: ResponseRecord, request: TurnRequest, threadId: string): FinishedTurn {
  return {
    record,
    threadId,
    conversationId: request.conversationId,
    isKept: request.keepsThread,
    asked: lastWords(request.input),
    answered: answerText(record.output),
  }
}

function lastWords(input: readonly Item[]): string {
  const last = input.findLast((item) => item.type === "message" && item.role === "user")
  return last?.type === "message" ? textOf(last.content) : ""
}
