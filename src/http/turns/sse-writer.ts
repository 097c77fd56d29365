import type { ServerResponse } from "node:http"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import { oneLineJson } from "../../domain/one-line-json.ts"
import type { LiveResponse, ResponseLogReader } from "../../domain/response-log.ts"
import type { EventEncoder } from "../../protocol/common/wire-api.ts"
import type { HttpContext } from "../server/http-env.ts"
import { breakOff, nextTurn, settled, taken } from "../server/settled.ts"
import type { StalledReaders } from "../server/stalled-readers.ts"
import { Silence } from "./silence.ts"

export interface SseStream {
  readonly log: ResponseLogReader
  /** What is in memory as long as the reader takes. */
  readonly held: Pick<LiveResponse, "log" | "record">
  readonly readers: StalledReaders
  /** Number of the log's entry to begin with; absent: the first. */
  readonly from?: number
  readonly encoder: EventEncoder
  /** Besides those that make it an event stream; unused where its head is out. */
  readonly headers: Readonly<Record<string, string>>
  /** Longest silence on the wire; the first one is a second at most. */
  readonly keepAliveMs: number
  /** Aborted when the client is gone: nothing is written any more. */
  readonly clientGone: AbortSignal
}

const maxWriteLength = 64 * 1024
const eventsPerRead = 256
const firstKeepAliveMs = 1000

/** Those that make an answer an event stream which nothing in between may hold back or change. */
export const sseHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
}

/**
 * Writes a response's log as server-sent events, from its first event (or `from`) to its last;
 * resolves when the last byte was handed to the socket, or the client is gone. All events that are
 * there go out in one write, for a write an event costs three times the throughput. `write()`
 * returning false means that the reader is slow, not that it left: the writer waits for `drain`,
 * keeps nothing but its place in the log, and is one of the readers that stall (`StalledReaders`).
 */
export async function writeSse(outgoing: ServerResponse, stream: SseStream): Promise<void> {
  const wire = new Wire(outgoing, stream)
  try {
    if (!outgoing.headersSent) outgoing.writeHead(200, { ...sseHeaders, ...stream.headers })
    if (stream.log.length <= (stream.from ?? 0)) outgoing.flushHeaders()
    const rest = await writeEvents(wire, stream)
    if (!stream.clientGone.aborted && !stream.encoder.isBroken) await wire.end(rest)
    else if (!stream.clientGone.aborted) await wire.breakOff(rest)
  } finally {
    wire.release()
    // Only after a fault of ours or a client that left: a stream cut short must not look like a
    // finished one.
    if (!outgoing.writableEnded) breakOff(outgoing)
  }
}

/** The same as the answer to a request. */
export async function answerSse(context: HttpContext, stream: SseStream): Promise<Response> {
  try {
    await writeSse(outgoingOf(context), stream)
  } catch (error) {
    // The status is out; the connection is cut, which is all that can be told, and the log gets the
    // rest.
    context.set("failure", error)
  }
  context.set("isAborted", stream.clientGone.aborted)
  return RESPONSE_ALREADY_SENT
}

/** What a stream is written to. */
export function outgoingOf({ env }: HttpContext): ServerResponse {
  if (env?.outgoing === undefined) throw new Error("Streams need the Node server around the app.")
  return env.outgoing
}

/** Returns what is left behind the last event: it goes out with the end, in one write. */
async function writeEvents(wire: Wire, { log, encoder, clientGone }: SseStream): Promise<string> {
  while (!clientGone.aborted) {
    const events = log.read(wire.sequence, eventsPerRead)
    if (events.length === 0) {
      if (log.isClosed && wire.sequence >= log.length) return ""
      await log.waitFor(wire.sequence)
      continue
    }
    let text = ""
    for (const event of events) {
      const encoded = encoder.encode(event, wire.sequence)
      wire.sequence += 1
      if (typeof encoded === "string") text += encoded
      else text = await writePieces(wire, text, encoded)
      if (text.length >= maxWriteLength) {
        await wire.write(text)
        text = ""
      }
      if (clientGone.aborted) return ""
    }
    if (log.isClosed && wire.sequence >= log.length) return text
    if (text !== "") await wire.write(text)
    // A long log and a fast reader would otherwise keep everybody else from the event loop.
    if (events.length === eventsPerRead) await nextTurn()
  }
  return ""
}

/**
 * Nothing comes between the pieces of a frame: a sign of life waits while the reader is slow, and
 * when it is not no timer has its turn. Returns what is left to write.
 */
async function writePieces(wire: Wire, before: string, pieces: Iterable<string>): Promise<string> {
  let text = before
  for (const piece of pieces) {
    text += piece
    if (text.length < maxWriteLength) continue
    await wire.write(text)
    text = ""
  }
  return text
}

/** The response with its back-pressure and its signs of life. */
class Wire {
  /** Number of the next event. */
  sequence: number
  readonly #outgoing: ServerResponse
  readonly #clientGone: AbortSignal
  readonly #stream: SseStream
  readonly #silence: Silence
  #isBlocked = false

  constructor(outgoing: ServerResponse, stream: SseStream) {
    const { clientGone, keepAliveMs, from } = stream
    this.sequence = from ?? 0
    this.#outgoing = outgoing
    this.#stream = stream
    this.#clientGone = clientGone
    this.#silence = new Silence(Math.min(firstKeepAliveMs, keepAliveMs), keepAliveMs, () => this.#giveSign())
  }

  /** Resolves when more may be written: at once, or after `drain`. */
  async write(text: string): Promise<void> {
    // A sign of life may have been the write that filled the buffer.
    if (this.#isBlocked) await this.#drained()
    if (this.#clientGone.aborted) return
    this.#silence.broken()
    // Once a write, not once an event.
    if (this.#outgoing.write(oneLineJson(text))) return
    this.#isBlocked = true
    await this.#drained()
    this.#isBlocked = false
    this.#silence.broken()
  }

  /** `rest`: what is to be written before it. */
  async end(rest: string): Promise<void> {
    this.release()
    if (this.#isBlocked) await this.#drained()
    if (this.#clientGone.aborted) return
    const finished = settled(this.#outgoing, "finish", this.#clientGone)
    this.#outgoing.end(oneLineJson(rest))
    const goesOn = this.#stalls()
    await finished
    goesOn()
  }

  /** Once the reader has had time to take what was written. */
  async breakOff(rest: string): Promise<void> {
    if (rest !== "") await this.write(rest)
    this.release()
    const goesOn = this.#stalls()
    await taken(this.#outgoing, this.#clientGone)
    goesOn()
  }

  release(): void {
    this.#silence.stop()
  }

  async #drained(): Promise<void> {
    const goesOn = this.#stalls()
    await settled(this.#outgoing, "drain", this.#clientGone)
    goesOn()
  }

  #stalls(): () => void {
    const { held, readers } = this.#stream
    return readers.stalls({
      source: held.log,
      bytes: () => readers.bytesOf(held),
      end: () => breakOff(this.#outgoing),
    })
  }

  #giveSign(): void {
    if (this.#isBlocked || this.#clientGone.aborted) return
    this.#silence.broken()
    const text = this.#stream.encoder.signOfLife(this.sequence)
    if (text === "" || this.#outgoing.write(text)) return
    this.#isBlocked = true
    this.#outgoing.once("drain", () => {
      this.#isBlocked = false
    })
  }
}
