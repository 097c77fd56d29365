import type { ProxyError } from "../../domain/errors.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { TurnError } from "../../domain/turn-events.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"
import { ResponseLog } from "../../engine/log/response-log.ts"
import { newRecord } from "../../engine/request/new-record.ts"

/**
 * What is told of a request that was refused when its status 200 was out: a turn that failed, of
 * which the ledger knows nothing.
 */
export function refusedTurn(
  { code, message, resetsAt, retryAfterSeconds, hasActed }: ProxyError,
  principal: string,
  request: Pick<TurnRequest, "kind" | "model" | "previousResponseId" | "echo">,
): LiveResponse {
  const error: TurnError = {
    code,
    message,
    modelStatus: null,
    ...(resetsAt !== null && { resetsAt }),
    ...(retryAfterSeconds !== null && { retryAfterSeconds }),
    ...(hasActed && { mayHaveActed: true }),
  }
  const now = Date.now()
  const asked = { ...request, isStored: false, isBackground: false }
  const fresh = newRecord(principal, request.model, asked, { createdAt: now, status: "failed" })
  const record = { ...fresh, completedAt: now, error }
  const log = new ResponseLog()
  log.append({ type: "created" })
  log.append({ type: "failed" })
  log.close()
  return { id: record.id, record, log, finished: Promise.resolve(record), cancel: () => {} }
}

const interrupted: TurnError = {
  code: "interrupted",
  message:
    "The turn was interrupted, for its client had hung up. What it has done is done; the next message of the conversation goes on " +
    "behind it.",
  modelStatus: null,
  mayHaveActed: true,
}

/**
 * What is told to a client that comes back for a whole answer: half a one would be taken for it, so
 * that is a failure.
 */
export function wholeOrFailed(live: LiveResponse): LiveResponse {
  const { id, log } = live
  return {
    id,
    get record() {
      return withoutHalf(live.record)
    },
    log: {
      get length() {
        return log.length
      },
      get isClosed() {
        return log.isClosed
      },
      read: (from, limit) =>
        log.read(from, limit).map((event) => (event.type === "cancelled" ? { type: "failed" } : event)),
      waitFor: (from) => log.waitFor(from),
    },
    finished: live.finished.then(withoutHalf),
    cancel: () => live.cancel(),
  }
}

function withoutHalf(record: ResponseRecord): ResponseRecord {
  return record.status === "cancelled" ? { ...record, status: "failed", error: interrupted } : record
}
