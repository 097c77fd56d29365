import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import type { MiddlewareHandler } from "hono"
import type { WebSocketServer } from "ws"
import { principalsOf } from "../../config/settings.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { newId } from "../../domain/ids.ts"
import { LaterPart } from "../../domain/later-part.ts"
import { SharedRoom } from "../../domain/shared-room.ts"
import { Gate } from "../guard/request-gate.ts"
import { clientRequestIdOf, type HeaderSource } from "../guard/request-headers.ts"
import { answerError, bareAnswer, errorAnswer } from "../server/error-answer.ts"
import type { HttpEnv, HttpLogEntry } from "../server/http-env.ts"
import type { UpgradeEndpoint } from "../server/http-server.ts"
import type { TurnParts } from "../server/route-parts.ts"
import { ResponsesSocket } from "./responses-socket.ts"
import { PastBudget } from "./socket-past.ts"

/** Open sockets of all clients. */
const maxSockets = 256

interface WebSocketEndpointOptions extends TurnParts {
  /** Called once a handshake and once a message. Must not throw. */
  readonly log: (entry: HttpLogEntry) => void
  /** Open sockets at once; default 256. */
  readonly maxSockets?: number
}

/** WebSockets at `/v1/responses`, through the gate of every request, and refused as HTTP. */
export class WebSocketEndpoint implements UpgradeEndpoint {
  /** Most services never see a WebSocket. */
  readonly library = new LaterPart(() => import("ws"))
  readonly #options: WebSocketEndpointOptions
  readonly #gate: Gate
  readonly #pasts: PastBudget
  readonly #room: SharedRoom
  readonly #sockets = new Set<ResponsesSocket>()
  #server: WebSocketServer | null = null
  #isClosing = false

  constructor(options: WebSocketEndpointOptions) {
    const { config } = options
    this.#options = options
    this.#gate = new Gate(config)
    this.#pasts = new PastBudget(config.limits.bodiesBytes)
    this.#room = new SharedRoom(options.maxSockets ?? maxSockets, principalsOf(config).size)
  }

  matches({ method, url, headers }: IncomingMessage): boolean {
    return method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && responsesPath.test(url ?? "")
  }

  upgrade(incoming: IncomingMessage, connection: Duplex, head: Buffer): void {
    const handshake = new Handshake(incoming, connection, this.#options.log)
    void this.#accept(handshake, incoming, connection, head).catch((error: unknown) => {
      handshake.refuse(error)
    })
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    await Promise.all([...this.#sockets].map((socket) => socket.close(graceMs)))
  }

  async #accept(
    handshake: Handshake,
    incoming: IncomingMessage,
    connection: Duplex,
    head: Buffer,
  ): Promise<void> {
    const { config, bounds } = this.#options
    const { httpVersion } = incoming
    const { host, origin, authorization } = incoming.headers
    const client = bounds.addresses.of(incoming.socket, incoming.headers)
    handshake.address = client.address
    const principal = this.#gate.principalOf({ host, origin, authorization, client, httpVersion })
    handshake.principal = principal
    ResponsesSocket.checkHeaders(handshake.headers, config.sessionHeaders)
    this.#takeRoom(principal, connection)
    connection.once("close", bounds.rooms.enter(principal, client))
    const server = await this.#load()
    if (connection.destroyed) return
    if (this.#isClosing) throw new ProxyError("agent_unavailable", "The service is stopping.")
    server.handleUpgrade(incoming, connection, head, (socket) => {
      handshake.accepted()
      const own = new ResponsesSocket(socket, connection, {
        ...this.#options,
        headers: handshake.headers,
        principal,
        address: client.address,
        pasts: this.#pasts,
      })
      this.#sockets.add(own)
      void own.closed.then(() => this.#sockets.delete(own))
    })
  }

  #takeRoom(principal: string, connection: Duplex): void {
    const refusal = this.#room.refusal(principal)
    if (refusal !== null) {
      this.#options.bounds.log.met("websockets", { principal })
      const what =
        refusal === "all"
          ? `As many WebSockets are open as there may be (${this.#room.limit})`
          : "You have as many WebSockets open as are left for all others"
      throw new ProxyError("queue_full", `${what}. Close one, or try again later.`, { retryAfterSeconds: 5 })
    }
    this.#room.take(principal)
    connection.once("close", () => this.#room.give(principal))
  }

  async #load(): Promise<WebSocketServer> {
    const { WebSocketServer } = await this.library.get()
    this.#server ??= this.#create(WebSocketServer)
    return this.#server
  }

  #create(Server: typeof WebSocketServer): WebSocketServer {
    const server = new Server({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#options.config.limits.bodyBytes,
    })
    server.on("wsClientError", (error, connection, incoming) => {
      const problem = `This is not a valid WebSocket handshake: ${messageOf(error)}.`
      new Handshake(incoming, connection, this.#options.log).refuse(
        new ProxyError("invalid_request", problem, { cause: error }),
      )
    })
    return server
  }
}

const responsesPath = /^\/v1\/responses\/?(?:\?|$)/

/** The HTTP side of a socket: until it is accepted, faults are answered as everywhere else. */
class Handshake {
  readonly headers: HeaderSource
  principal: string | null = null
  address: string | null = null
  readonly #connection: Duplex
  readonly #log: (entry: HttpLogEntry) => void
  readonly #requestId = newId("req_")
  readonly #startedAt = performance.now()

  constructor(incoming: IncomingMessage, connection: Duplex, log: (entry: HttpLogEntry) => void) {
    this.#connection = connection
    this.#log = log
    this.headers = {
      req: {
        header: (name) => {
          const value = incoming.headers[name]
          return Array.isArray(value) ? value.join(", ") : value
        },
      },
    }
    connection.on("error", ignore)
  }

  accepted(): void {
    this.#connection.off("error", ignore)
    this.#write(101, null)
  }

  refuse(error: unknown): void {
    const answer = errorAnswer(error, this.#requestId)
    this.#write(answer.status, error)
    this.#connection.once("finish", () => this.#connection.destroy())
    this.#connection.end(bareAnswer(answer))
  }

  #write(status: number, error: unknown): void {
    this.#log({
      requestId: this.#requestId,
      clientRequestId: clientRequestIdOf(this.headers),
      method: "GET",
      path: "/v1/responses",
      status,
      durationMs: performance.now() - this.#startedAt,
      principal: this.principal,
      address: this.address,
      isAborted: false,
      error,
    })
  }
}

/** A connection that breaks during the handshake is nobody's loss. */
function ignore(): void {}

/**
 * A handshake of a WebSocket comes here as a plain GET where a proxy took out what is between it
 * and its client only: the headers of the handshake's own are still there. 426 as HTTP has it;
 * codex goes on over HTTP then.
 */
export const lostUpgrade: MiddlewareHandler<HttpEnv> = async (context, next) => {
  if (context.req.method !== "GET" || context.req.header("sec-websocket-key") === undefined) return next()
  const problem = new ProxyError(
    "upgrade_lost",
    "A WebSocket was asked for, and a proxy on the way took `Upgrade` or `Connection` out of the request. Have it pass both on, in HTTP/1.1: for nginx `proxy_http_version 1.1;`, `proxy_set_header Upgrade $http_upgrade;` and `proxy_set_header Connection $connection_upgrade;`, for Apache `upgrade=websocket` at ProxyPass, for others see docs/reverse-proxies.md. Or use POST with `stream: true`.",
  )
  return answerError(context, problem, { upgrade: "websocket" })
}
