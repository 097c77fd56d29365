import type { ThreadRef } from "../../domain/backend.ts"
import { messageOf, type TurnError } from "../../domain/errors.ts"
import type { Item } from "../../domain/items.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { TurnProgress } from "../../domain/store.ts"
import type { ItemEvent } from "../../domain/turn-events.ts"
import { type Ledger, LedgerWriter, noLedger } from "../log/ledger.ts"
import { type RecordedItem, Recorder } from "../log/recorder.ts"
import { ResponseLog } from "../log/response-log.ts"
import { firstEvents } from "../log/restored-responses.ts"
import type { ThreadTerms } from "../thread/change-note.ts"
import type { Outcome } from "./outcome.ts"
import type { TurnContext } from "./turn-context.ts"

type Progress = Omit<TurnProgress, "responseId" | "turnId">

/** How a turn is over, as its record tells it. */
type End = Pick<ResponseRecord, "error" | "usage"> &
  Pick<Outcome, "status"> & { readonly completedAt: number }

/** A turn's events, its items, and both in the ledger before anybody is told. */
export class TurnJournal {
  readonly log = new ResponseLog()
  readonly recorder: Recorder
  /** Set once the turn is over; stored with its end. */
  nativeTurnRef: string | null = null
  readonly #context: TurnContext
  readonly #ledger: Ledger
  readonly #writer: LedgerWriter
  /** Not stored yet: they go with the next save, nobody needs them earlier. */
  #nativeItems: unknown[] = []
  #nativeItemCount = 0
  /** As the ledger has it. `output` is in `#items`. */
  #record: ResponseRecord
  readonly #items: Item[] = []

  /** `onFailed`: nothing more of the turn can be stored. */
  constructor(context: TurnContext, onFailed: () => void) {
    const { agent, asked, record, shared } = context
    this.#context = context
    this.#record = record
    this.recorder = new Recorder(this.log, agent.backend.kind)
    this.#ledger = asked.keepsThread ? shared.store : noLedger
    this.#writer = new LedgerWriter(this.#ledger, onFailed)
    for (const event of firstEvents(record)) this.log.append(event)
  }

  /** As it is stored: what is told of a turn is the same after a restart of the service. */
  get record(): ResponseRecord {
    return { ...this.#record, output: this.#items.filter((item) => item !== undefined) }
  }

  /** Until the ledger knows it, a restart would run it again, or say it had not begun. */
  async begin(): Promise<void> {
    if (this.#record.status === "queued") {
      this.#save({ status: "running" })
      await this.#writer.settled()
      this.#record = { ...this.#record, status: "running" }
    }
    this.log.append({ type: "in_progress" })
  }

  add(events: readonly ItemEvent[]): void {
    for (const event of events) {
      const item = this.recorder.record(event)
      if (item !== null) this.#saveItem(item)
      // Readers wait for what stands before it.
      else if (this.log.isHeld) this.#writer.writeSoon()
    }
  }

  addNativeItem(item: unknown): void {
    this.#nativeItems.push(item)
  }

  /** A new native thread stands behind the planned one. */
  addNativeThread(ref: ThreadRef, terms: ThreadTerms): void {
    this.#save({ nativeThread: { id: this.#context.plan.thread.id, ref, ...terms } })
  }

  /** Before a change is told in the thread: resolves once stored that its note is unknown. */
  async forgetNote(): Promise<void> {
    this.#save({ note: "" })
    await this.#writer.settled()
  }

  /** Resolves when all is stored. */
  settled(): Promise<void> {
    return this.#writer.settled()
  }

  /** Stores the end, then tells it: a response is readable before its last event is sent. */
  async end(
    items: readonly RecordedItem[],
    end: End,
    found: Pick<Progress, "marks" | "seenText" | "note" | "freesIdempotencyKey">,
  ): Promise<void> {
    const { error, usage, ...rest } = end
    const log = this.log.takeUnsaved({ type: end.status })
    const progress: Progress = {
      items,
      ...rest,
      ...(log === null ? {} : { log: [log] }),
      ...(error === null ? {} : { error }),
      ...(usage === null ? {} : { usage }),
      ...found,
    }
    this.#save(progress, () => this.#show(items))
    await this.#writer.settled()
    this.#close(end)
  }

  /** What could not be stored may have been the answer itself, not the fact that it failed. */
  async endUnstored(live: LiveResponse, error: TurnError): Promise<void> {
    const { turnId, shared } = this.#context
    const end = { status: "failed", completedAt: shared.now(), error } as const
    const progress: TurnProgress = { responseId: live.id, turnId, ...end }
    try {
      await this.#ledger.saveProgress(progress)
    } catch (again) {
      const fields = { response: live.id, error: messageOf(again) }
      shared.log("error", "turn could not be marked as failed", fields)
      shared.unstored.add(live, progress)
    }
    this.log.dropHeld()
    this.#close(end)
  }

  /** A message's end waits a little for the turn's, which mostly follows: one transaction. */
  #saveItem(item: RecordedItem): void {
    const log = this.recorder.hasOpenTexts ? null : this.log.takeUnsaved()
    this.#save({ items: [item], ...(log === null ? {} : { log: [log] }) }, () => this.#show([item]))
    if (item.item.type !== "message") this.#writer.writeSoon()
  }

  /** They are stored: readers may see how they ended. */
  #show(items: readonly RecordedItem[]): void {
    for (const { outputIndex, item } of items) this.#items[outputIndex] = item
    this.log.release(items.length)
  }

  #save(progress: Progress, whenStored?: () => void): void {
    const first = this.#nativeItemCount
    const nativeItems = this.#nativeItems.map((item, index) => ({ position: first + index, item }))
    this.#nativeItemCount += nativeItems.length
    this.#nativeItems = []
    const saved: TurnProgress = {
      responseId: this.#record.id,
      turnId: this.#context.turnId,
      ...progress,
      ...(nativeItems.length === 0 ? {} : { nativeItems }),
      ...(this.nativeTurnRef === null ? {} : { nativeTurnRef: this.nativeTurnRef }),
    }
    this.#writer.save(saved, whenStored)
  }

  #close(end: Pick<End, "status"> & Partial<End>): void {
    this.#record = { ...this.#record, ...end }
    this.log.append({ type: end.status })
    this.log.close()
  }
}
