import type { Duplex } from "node:stream"
import type { WebSocket } from "ws"
import { isLongJson, jsonPieces } from "../../domain/json-pieces.ts"
import { oneLineJson } from "../../domain/one-line-json.ts"

/** What waits in a connection before its reader is waited for. */
export const maxBufferedBytes = 64 * 1024

/**
 * Sends messages on a WebSocket. A long one goes out in fragments (RFC 6455, 5.4) as its reader takes them, so that no second
 * copy of it waits for each reader; what is to be sent meanwhile comes behind it.
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

  /** `drained` is called when the reader has to be waited for. Not to be called again before it resolves. */
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
