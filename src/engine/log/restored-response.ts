import type { LiveResponse } from "../../domain/response-log.ts"
import { isFinished, type ResponseRecord } from "../../domain/responses.ts"
import type { LogSegment } from "../../domain/store.ts"
import { ResponseLog } from "./response-log.ts"

/** A response that is over, from the ledger, in the form of one that runs: its readers need not know which it is. */
export function restoreResponse(record: ResponseRecord, segments: readonly LogSegment[]): LiveResponse {
  const log = ResponseLog.restore(segments, record.output)
  const [last] = log.read(log.length - 1, 1)
  // The end of a turn that the service could not store, or did not live to see, is told by the record alone.
  if (isFinished(record.status) && last?.type !== record.status) {
    if (log.length === 0) for (const event of firstEvents(record)) log.append(event)
    log.append({ type: record.status as EndStatus })
  }
  return { id: record.id, record, log, finished: Promise.resolve(record), cancel: () => {} }
}

type EndStatus = "completed" | "failed" | "incomplete" | "cancelled"

/** What every log begins with, whatever becomes of the turn. */
export function firstEvents({
  isBackground,
}: Pick<ResponseRecord, "isBackground">): readonly { readonly type: "created" | "queued" }[] {
  return isBackground ? [{ type: "created" }, { type: "queued" }] : [{ type: "created" }]
}
