import type { Duplex } from "node:stream"
import type { WebSocket } from "ws"
import { isLongJson, jsonPieces } from "../../domain/json-pieces.ts"
import { oneLineJson } from "../../domain/one-line-json.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import { keepAliveEvent } from "../../protocol/responses/events.ts"
import { createResponsesProjection } from "../../protocol/responses/item-tracker.ts"
import { nextTurn, settled } from "../server/settled.ts"
import type { StalledReaders } from "../server/stalled-readers.ts"
import { Silence } from "./silence.ts"

const eventsPerRead = 256

/** A WebSocket, and its connection, which is corked to send many messages in one write. */
interface SocketWire {
  readonly socket: WebSocket
  readonly sender: MessageSender
  readonly connection: Duplex
  readonly readers: StalledReaders
  /** Longest silence while the turn goes on. */
  readonly keepAliveMs: number
  /** Aborted when the client is gone: nothing is written any more. */
  readonly gone: AbortSignal
}

/**
 * Writes a response's log as messages, one event each, until its end or the client's. The numbers
 * are those of the SSE stream. Of a failure only `response.failed` is sent: either of its two
 * events is an end to a client that reads turn after turn from one socket, and the other would
 * become the beginning of its next answer. A slow reader is waited for, and costs nothing but its
 * place in the log; it is one of the readers that stall (`StalledReaders`).
 */
export async function writeSocketEvents(
  wire: SocketWire,
  live: LiveResponse,
  serverLabel: string,
): Promise<void> {
  const told = { count: 0 }
  const { socket, sender, keepAliveMs } = wire
  const silence = new Silence(keepAliveMs, keepAliveMs, () => {
    // What a slow reader has not taken yet is a sign of life, too.
    const isQuiet = socket.bufferedAmount === 0 && !sender.isWithin
    if (told.count === 0 || !isQuiet || socket.readyState !== socket.OPEN) return
    sender.send(JSON.stringify(keepAliveEvent(told.count - 1)))
  })
  try {
    await writeEvents(wire, live, serverLabel, (sequence) => {
      told.count = sequence
      silence.broken()
    })
  } finally {
    silence.stop()
  }
}

async function writeEvents(
  wire: SocketWire,
  live: LiveResponse,
  serverLabel: string,
  hasTold: (count: number) => void,
): Promise<void> {
  const { socket, sender, connection, gone } = wire
  const project = createResponsesProjection(live, serverLabel)
  const { log } = live
  let sequence = 0
  while (!gone.aborted) {
    const events = log.read(sequence, eventsPerRead)
    if (events.length === 0) {
      if (log.isClosed && sequence >= log.length) return
      await log.waitFor(sequence)
      continue
    }
    const long: object[] = []
    connection.cork()
    try {
      for (const event of events) {
        for (const message of project(event, sequence)) {
          if (message.type === "error") continue
          if (MessageSender.isLong(message)) long.push(message)
          else sender.send(oneLineJson(JSON.stringify(message)))
        }
        sequence += 1
        if (long.length > 0 || socket.bufferedAmount > maxBufferedBytes) break
      }
    } finally {
      connection.uncork()
    }
    hasTold(sequence)
    for (const message of long) await sender.sendLong(message, () => drained(wire, live))
    if (socket.bufferedAmount > maxBufferedBytes) await drained(wire, live)
    // A long log and a fast reader would otherwise keep everybody else from the event loop.
    else if (events.length === eventsPerRead) await nextTurn()
  }
}

/** Resolves when all that was sent is with the kernel, or the client is gone. */
async function drained({ socket, connection, readers, gone }: SocketWire, live: LiveResponse): Promise<void> {
  if (gone.aborted || !connection.writableNeedDrain) return nextTurn()
  const goesOn = readers.stalls({
    source: live.log,
    bytes: () => readers.bytesOf(live),
    end: () => socket.terminate(),
  })
  await settled(connection, "drain", gone)
  goesOn()
}

/** What waits in a connection before its reader is waited for. */
const maxBufferedBytes = 64 * 1024

/**
 * Sends messages on a WebSocket. A long one goes out in fragments (RFC 6455, 5.4) as its reader
 * takes them, so that no second copy of it waits for each reader; what is to be sent meanwhile
 * comes behind it.
 */
export class MessageSender {
  readonly #socket: WebSocket
  readonly #connection: Duplex
  #isWithin = false
  #behind: string[] = []

  constructor(socket: WebSocket, connection: Duplex) {
    this.#socket = socket
    this.#connection = connection
  }

  /** A long message is on its way. */
  get isWithin(): boolean {
    return this.#isWithin
  }

  /** A short message. */
  send(text: string): void {
    if (this.#isWithin) this.#behind.push(text)
    else this.#socket.send(text)
  }

  /** True: it waits for its reader, and is to be sent by `sendLong`. */
  static isLong(message: Readonly<Record<string, unknown>>): boolean {
    const { delta } = message
    // Most messages are these, and most are short: the recorder sees to it.
    return isLongJson(typeof delta === "string" ? delta : message)
  }

  /** `drained`: waits for the reader. Not to be called again before it resolves. */
  async sendLong(message: object, drained: () => Promise<void>): Promise<void> {
    this.#isWithin = true
    try {
      let text = ""
      for (const piece of jsonPieces(message)) {
        text += piece
        if (text.length < maxBufferedBytes) continue
        this.#socket.send(oneLineJson(text), { fin: false })
        text = ""
        if (this.#connection.writableLength > maxBufferedBytes) await drained()
        if (this.#socket.readyState !== this.#socket.OPEN) return
      }
      this.#socket.send(oneLineJson(text), { fin: true })
    } finally {
      this.#isWithin = false
      for (const text of this.#behind.splice(0)) this.#socket.send(text)
    }
  }
}
