import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { TurnError } from "../../domain/turn-events.ts"

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
