import type { Item } from "../../domain/items.ts"
import type { LiveResponse, ResponseLogReader } from "../../domain/response-log.ts"
import { isFinished, type ResponseRecord } from "../../domain/responses.ts"
import type { LogSegment } from "../../domain/store.ts"
import { ResponseLog } from "./response-log.ts"

/**
 * Responses from the ledger, for their readers. The log of one that is over never changes, so all
 * who read it at the same time share one, and the items with it; it is forgotten with its last
 * reader. The rest of the record is always what was just read.
 */
export class RestoredResponses {
  readonly #logs = new Map<string, WeakRef<ResponseLogReader>>()
  /** As they were restored with the log, whose texts are theirs. */
  readonly #outputs = new WeakMap<ResponseLogReader, readonly Item[]>()
  readonly #gone = new FinalizationRegistry<string>((id) => {
    // Meanwhile there may be another one under this id.
    if (this.#find(id) === null) this.#logs.delete(id)
  })

  async open(record: ResponseRecord, readLog: () => Promise<readonly LogSegment[]>): Promise<LiveResponse> {
    const known = this.#find(record.id)
    if (known !== null) return this.#liveOf(record, known)
    const segments = await readLog()
    // Another reader may have been faster.
    const other = this.#find(record.id)
    if (other !== null) return this.#liveOf(record, other)
    const restored = restoreResponse(record, segments)
    if (isFinished(record.status)) {
      this.#logs.set(record.id, new WeakRef(restored.log))
      this.#outputs.set(restored.log, record.output)
      this.#gone.register(restored.log, record.id)
    }
    return restored
  }

  #liveOf(read: ResponseRecord, log: ResponseLogReader): LiveResponse {
    const record = { ...read, output: this.#outputs.get(log) ?? read.output }
    return { id: record.id, record, log, finished: Promise.resolve(record), cancel: () => {} }
  }

  #find(id: string): ResponseLogReader | null {
    return this.#logs.get(id)?.deref() ?? null
  }
}

/** One that is over, in the form of one that runs: readers need not know which it is. */
export function restoreResponse(record: ResponseRecord, segments: readonly LogSegment[]): LiveResponse {
  const log = ResponseLog.restore(segments, record.output)
  const [last] = log.read(log.length - 1, 1)
  // The end of a turn that the service could not store, or did not live to see, is told by the
  // record alone.
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
