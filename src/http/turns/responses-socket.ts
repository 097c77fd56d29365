import type { Duplex } from "node:stream"
import type { RawData, WebSocket } from "ws"
import { ProxyError } from "../../domain/errors.ts"
import { newId } from "../../domain/ids.ts"
import { oneLineJson } from "../../domain/one-line-json.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import { toErrorResponse } from "../../protocol/common/errors.ts"
import { isObject } from "../../protocol/common/shape.ts"
import { responsesApi } from "../../protocol/responses/api.ts"
import { isAnsweredAtOnce, readSocketMessage, toRefusal } from "../../protocol/responses/socket-messages.ts"
import { parseJson } from "../guard/json-body.ts"
import {
  clientRequestIdOf,
  type HeaderSource,
  type OnDisconnect,
  onDisconnectOf,
  sessionIn,
  sessionOf,
  taskOf,
} from "../guard/request-headers.ts"
import type { ByteShare } from "../server/bounds.ts"
import type { ClientConnection } from "../server/client-connection.ts"
import type { HttpLogEntry } from "../server/http-env.ts"
import type { TurnParts } from "../server/route-parts.ts"
import { serverLabelOf } from "./earlier-items.ts"
import { type ContinuedBody, type PastBudget, SocketPast } from "./socket-past.ts"
import { MessageSender, writeSocketEvents } from "./socket-writer.ts"
import { resolved, submit } from "./submit.ts"

/** Messages that may wait for the turn before them. */
const maxWaiting = 16
/** How long a client may take to read why its socket is closed. */
const lingerMs = 1000

interface ResponsesSocketOptions extends TurnParts {
  /** Of the handshake: they count for every turn of the socket. */
  readonly headers: HeaderSource
  readonly principal: string
  /** Of the client. */
  readonly address: string | null
  readonly pasts: PastBudget
  /** Called once a message. */
  readonly log: (entry: HttpLogEntry) => void
}

interface Message {
  /** As JSON, or why it is none. */
  readonly content: { readonly value: unknown } | { readonly failure: unknown }
  readonly bytes: number
  readonly share: ByteShare
}

/**
 * `/v1/responses` on a WebSocket: each `response.create` is a turn, one after the other, by the
 * same way as a POST; its events are read from the same log. Lives until the client or the service
 * closes it.
 */
export class ResponsesSocket {
  readonly #options: ResponsesSocketOptions
  readonly #socket: WebSocket
  readonly #connection: Duplex
  readonly #sender: MessageSender
  readonly #past: SocketPast
  readonly #gone = new AbortController()
  readonly #waiting: Message[] = []
  /** The message that is on its way. */
  #coming: { bytes: number; readonly share: ByteShare }
  readonly #session: ReturnType<typeof sessionOf>
  readonly #onDisconnect: OnDisconnect
  readonly #keepAlive: NodeJS.Timeout
  #isBusy = false
  #isClosing = false
  /** A message came for which there was no room. */
  #isFull = false
  readonly closed: Promise<void>

  /** Throws `invalid_request` for headers that cannot be served; nothing is taken over then. */
  static checkHeaders(headers: HeaderSource, sessionHeaders: readonly string[]): void {
    sessionOf(headers, sessionHeaders)
    onDisconnectOf(headers)
    if (headers.req.header("idempotency-key") !== undefined) {
      throw new ProxyError(
        "invalid_request",
        "Idempotency-Key names one request; a WebSocket has many. Use POST /v1/responses.",
        { param: "idempotency-key" },
      )
    }
  }

  constructor(socket: WebSocket, connection: Duplex, options: ResponsesSocketOptions) {
    const { config, headers, pasts } = options
    this.#options = options
    this.#socket = socket
    this.#connection = connection
    this.#sender = new MessageSender(socket, connection)
    this.#past = new SocketPast(config.limits.bodyBytes, pasts)
    this.#coming = this.#nextMessage()
    this.#session = sessionOf(headers, config.sessionHeaders)
    this.#onDisconnect = onDisconnectOf(headers)
    // Only against what lies between: a client that does not read is slow, not gone. TCP finds
    // those that are.
    this.#keepAlive = setInterval(() => this.#ping(), config.limits.keepAliveMs)
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#end()
        resolve()
      })
    })
    // Before `ws` takes it: a chunk belongs to the message that it ends.
    connection.prependListener("data", (chunk: Uint8Array) => this.#count(chunk.length))
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary))
    // What the peer did wrong (a message too large, a broken frame) is told by the close code that
    // `ws` sends.
    socket.on("error", () => {})
  }

  /** Closes when the running turn has been told, or after `graceMs`. Safe twice. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    if (!this.#isBusy) this.#goAway()
    const timers = [
      // In the middle of an answer: the end of the connection must not look like the end of that.
      setTimeout(() => this.#socket.close(1012, "The service restarts."), graceMs),
      setTimeout(() => this.#socket.terminate(), graceMs + lingerMs),
    ]
    await this.closed
    for (const timer of timers) clearTimeout(timer)
  }

  #goAway(): void {
    this.#socket.close(1001, "The service is stopping.")
  }

  #end(): void {
    clearInterval(this.#keepAlive)
    this.#gone.abort()
    this.#past.clear()
    for (const { share } of [this.#coming, ...this.#waiting.splice(0)]) share.release()
  }

  #ping(): void {
    if (this.#isOpen && this.#socket.bufferedAmount === 0) this.#socket.ping()
  }

  #nextMessage(): { bytes: number; readonly share: ByteShare } {
    const { bounds, principal } = this.#options
    return { bytes: 0, share: bounds.bodies.open(principal) }
  }

  /**
   * `ws` keeps a message until it is whole: where there is no room for more of it, nothing more is
   * read, and the socket is closed behind the answers to the messages before it.
   */
  #count(bytes: number): void {
    if (!this.#isOpen || this.#isFull) return
    this.#coming.bytes += bytes
    try {
      this.#coming.share.grow(this.#coming.bytes)
    } catch (error) {
      this.#refuse(error, newId("req_"))
      this.#isFull = true
      this.#socket.pause()
      if (!this.#isBusy) this.#closeFull()
    }
  }

  #closeFull(): void {
    this.#socket.close(1013, "There is no room for another message.")
    const timer = setTimeout(() => this.#socket.terminate(), lingerMs)
    void this.closed.then(() => clearTimeout(timer))
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#isClosing || this.#isFull || !this.#isOpen) return
    const { share } = this.#coming
    this.#coming = this.#nextMessage()
    try {
      if (isBinary) throw new ProxyError("invalid_request", "Messages must be text: one JSON object each.")
      const bytes = bytesOf(data)
      share.grow(bytes.length)
      const message = { content: this.#read(bytes), bytes: bytes.length, share }
      if ("value" in message.content && isAnsweredAtOnce(message.content.value)) {
        void this.#answer(message)
        return
      }
      if (this.#waiting.length >= maxWaiting) {
        throw new ProxyError("queue_full", `More than ${maxWaiting} messages wait for the turn before them.`)
      }
      this.#waiting.push(message)
    } catch (error) {
      share.release()
      this.#refuse(error, newId("req_"))
      return
    }
    if (!this.#isBusy) void this.#work()
  }

  /** What is wrong with it is told in its turn. */
  #read(bytes: Uint8Array): Message["content"] {
    try {
      return { value: parseJson(bytes, this.#options.config.limits) }
    } catch (failure) {
      return { failure }
    }
  }

  /** One message after the other. Never rejects. */
  async #work(): Promise<void> {
    this.#isBusy = true
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      await this.#answer(message)
      if (this.#isClosing) break
    }
    this.#isBusy = false
    if (this.#isClosing) this.#goAway()
    else if (this.#isFull) this.#closeFull()
  }

  /** Never rejects. */
  async #answer({ content, bytes, share }: Message): Promise<void> {
    const requestId = newId("req_")
    const startedAt = performance.now()
    let failure: unknown = null
    try {
      if ("failure" in content) throw content.failure
      await this.#run(content.value, bytes)
    } catch (error) {
      failure = error
      this.#refuse(error, requestId, "value" in content ? content.value : null)
    }
    share.release()
    const { headers, principal, address, log } = this.#options
    log({
      requestId,
      clientRequestId: clientRequestIdOf(headers),
      method: "WS",
      path: "/v1/responses",
      status: failure === null ? 200 : toErrorResponse(failure, requestId).status,
      durationMs: performance.now() - startedAt,
      principal,
      address,
      isAborted: this.#gone.signal.aborted,
      error: failure,
    })
  }

  async #run(content: unknown, ownBytes: number): Promise<void> {
    const { engine, config, principal, headers } = this.#options
    const sent = readSocketMessage(content)
    const message = config.looseBodies ? responsesApi.loosen(sent) : sent
    const whole = await resolved(responsesApi, message, principal, engine)
    if (!isObject(whole)) throw new Error("A message that was read is an object.")
    const asSent = responsesApi.parse(whole)
    const continued = this.#past.continue(whole)
    // Read twice, so that faults are told at the places where the client has them.
    const { turn } = continued.continuedId === null ? asSent : responsesApi.parse(continued.body)
    if (this.#gone.signal.aborted) return
    const client = this.#watchClient()
    try {
      const live = await submit(this.#options, responsesApi, {
        principal,
        turn: {
          ...turn,
          ...sessionIn(whole, this.#session),
          inputPaths: continued.inputPaths,
          sideRequest: taskOf(headers) ?? asSent.turn.sideRequest,
          ...(continued.continuedId !== null && {
            echo: { ...turn.echo, previous_response_id: continued.continuedId },
          }),
        },
        client,
        graceMs: this.#onDisconnect === "continue" ? null : config.limits.disconnectGraceMs,
      })
      await this.#write(live, client.gone)
      await live.finished
      this.#remember(live, continued, ownBytes)
    } finally {
      client.release()
    }
  }

  async #write(live: LiveResponse, gone: AbortSignal): Promise<void> {
    const { engine, config, bounds } = this.#options
    const [socket, connection, sender] = [this.#socket, this.#connection, this.#sender]
    const { keepAliveMs } = config.limits
    const wire = { socket, connection, sender, readers: bounds.readers, keepAliveMs, gone }
    try {
      await writeSocketEvents(wire, live, serverLabelOf(engine, live.record))
    } catch (error) {
      // It has begun, and what follows would be taken for its end.
      this.#socket.close(1011, "The answer cannot be told to its end.")
      throw error
    }
  }

  /** Of one turn: a socket must not hold on to all that it has had. */
  #watchClient(): ClientConnection {
    const controller = new AbortController()
    const { signal } = this.#gone
    const abort = (): void => controller.abort()
    if (signal.aborted) abort()
    else signal.addEventListener("abort", abort, { once: true })
    return { gone: controller.signal, release: () => signal.removeEventListener("abort", abort) }
  }

  #remember({ record }: LiveResponse, continued: ContinuedBody, ownBytes: number): void {
    const { conversation } = continued.body
    const isKnown = record.isStored || (conversation !== undefined && conversation !== null)
    if (isKnown || record.status === "failed" || this.#gone.signal.aborted) return
    const serverLabel = serverLabelOf(this.#options.engine, record)
    this.#past.keep(record.id, continued, { output: record.output, serverLabel, ownBytes })
  }

  #refuse(error: unknown, requestId: string, message: unknown = null): void {
    if (!this.#isOpen) return
    this.#sender.send(oneLineJson(JSON.stringify(toRefusal(error, requestId, message))))
  }
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}
