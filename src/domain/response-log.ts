import type { ResponseEvent } from "./response-events.ts"
import type { ResponseRecord } from "./responses.ts"

/**
 * The readable side of a response's log, live or stored. Each reader keeps a cursor of its own, so
 * a slow one costs nothing: events are made anew from the compact log whenever they are read.
 */
export interface ResponseLogReader {
  /** Events that can be read now: sequence numbers 0 to `length - 1`. */
  readonly length: number
  /** True once the last event is in. */
  readonly isClosed: boolean
  /** Up to `limit` events from sequence number `from` on; empty when there are none yet. */
  read(from: number, limit: number): readonly ResponseEvent[]
  /** Resolves when there is an event number `from`, or the log is closed. Never rejects. */
  waitFor(from: number): Promise<void>
}

/** A response that runs or ran: its log, its record, its end. */
export interface LiveResponse {
  readonly id: string
  /** As it is stored: the same after a restart. Complete once `finished` resolves. */
  readonly record: ResponseRecord
  readonly log: ResponseLogReader
  /** The turn behind which it goes on, where that still ran and the thread is not everybody's. */
  readonly goesOnBehind?: LiveResponse | null
  /** The record at the end; stored before this resolves. Never rejects. */
  readonly finished: Promise<ResponseRecord>
  /** Interrupts the turn, or takes it out of the queue. Safe twice and after the end. */
  cancel(): void
  /** Kept by whoever serves clients: all that wanted it are gone. */
  isUnattended?: boolean
}
