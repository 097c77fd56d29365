import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, ListenOptions, Socket } from "node:net"
import type { Duplex } from "node:stream"
import { getRequestListener } from "@hono/node-server"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import type { Connections } from "./connections.ts"
import {
  answerAndDiscard,
  EndedSockets,
  type ErrorAnswer,
  invalidAnswer,
  refusedConnection,
} from "./error-answer.ts"
import type { HttpApp } from "./http-env.ts"
import { MalformedRequests } from "./malformed-requests.ts"
import { breakOff } from "./settled.ts"

/** Takes connections over that ask for another protocol. */
export interface UpgradeEndpoint {
  /** False: answered as if it had asked for nothing, as HTTP says of unknown protocols. */
  matches(incoming: IncomingMessage): boolean
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Says goodbye on all connections, and cuts after `graceMs` what is left. Safe twice. */
  close(graceMs: number): Promise<void>
}

interface HttpServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** How long `close` waits for answers that are being written; default 2 s. */
  readonly closeGraceMs?: number
  /** Which connections are served; default: as many as come. */
  readonly connections?: Connections
}

/** Limits on receiving; none of them touches an answer, which may take hours. */
const limits = {
  maxHeaderSize: 32 * 1024,
  /** From the connection to the last header. */
  headersTimeout: 20_000,
  /** From the connection to the last byte of the body. */
  requestTimeout: 120_000,
  /** Longer than clients and proxies stay idle: they close first, and hit no closing socket. */
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
}
/** Connections that the system keeps until they are taken; `somaxconn` may say fewer. */
const backlog = 4096

/**
 * Takes the address before anything is served on it: agents are told where the service is when they
 * are started. Rejects with a message for people when the address cannot be used.
 */
export async function bindHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, closeGraceMs, connections = null } = options
  const server = new HttpServer(host, connections, closeGraceMs)
  await server.listen({ host, port, backlog }).catch((error: NodeJS.ErrnoException) => {
    throw new ProxyError("internal_error", listenProblem(error, host, port), { cause: error })
  })
  return server
}

/** Serves the app on an address; rejects as `bindHttpServer` does. */
export async function startHttpServer(
  app: HttpApp,
  options: HttpServerOptions & { readonly upgrades?: UpgradeEndpoint },
): Promise<HttpServer> {
  const server = await bindHttpServer(options)
  server.serve(app, options.upgrades)
  return server
}

/** Serves the app on a Unix domain socket. Rejects with the system's error. */
export async function startSocketServer(app: HttpApp, path: string): Promise<HttpServer> {
  const server = new HttpServer("", null)
  server.serve(app)
  await server.listen({ path })
  return server
}

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>

/** Listens first; what comes in is kept until there is somebody to answer it. */
export class HttpServer {
  readonly #host: string
  readonly #closeGraceMs: number
  readonly #connections: Connections | null
  readonly #ended: EndedSockets
  readonly #malformed = new MalformedRequests(limits.maxHeaderSize)
  readonly #server: Server
  readonly #open = new Set<ServerResponse>()
  readonly #early: (readonly [IncomingMessage, ServerResponse])[] = []
  #listener: Listener | null = null
  #upgrades: UpgradeEndpoint | undefined
  #address: AddressInfo | null = null
  #closing: Promise<void> | null = null

  constructor(host: string, connections: Connections | null, closeGraceMs = 2000) {
    this.#host = host
    this.#connections = connections
    this.#closeGraceMs = closeGraceMs
    this.#ended = connections?.endedSockets ?? new EndedSockets()
    this.#server = createServer(
      {
        ...limits,
        requireHostHeader: false,
        keepAlive: true,
        keepAliveInitialDelay: 60_000,
        // Java's client asks for HTTP/2 on every plain request: only what is served may leave HTTP.
        shouldUpgradeCallback: (incoming) => this.#upgrades?.matches(incoming) ?? false,
      },
      (incoming: IncomingMessage, outgoing: ServerResponse) => this.#take(incoming, outgoing),
    )
    this.#server.on("connection", (socket: Socket) => {
      if (connections?.opened(socket) === false) this.#ended.end(socket, refusedConnection("all"))
    })
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
      this.#malformed.found(error, socket)
    })
    this.#server.on("checkExpectation", answerExpectation)
    this.#server.on("upgrade", (incoming, socket: Socket, head) => {
      const refusal = connections?.began(socket) ?? null
      const answer = refusal === null ? refusalOfHosts(incoming) : refusedConnection(refusal)
      if (answer !== null) this.#ended.end(socket, answer)
      else this.#upgrades?.upgrade(incoming, socket, head)
    })
  }

  get port(): number {
    return this.#address?.port ?? 0
  }

  /** `http://host:port`, fit for a browser on this machine. */
  get url(): string {
    return `http://${browsableHost(this.#host)}:${this.port}`
  }

  /** The same as an address, which needs no resolver, for programs on this machine. */
  get localUrl(): string {
    return `http://${localAddress(this.#address?.address)}:${this.port}`
  }

  async listen(where: ListenOptions): Promise<void> {
    const listening = once(this.#server, "listening")
    this.#server.listen(where)
    await listening
    const address = this.#server.address()
    if (typeof address === "object") this.#address = address
  }

  /** To be called once. */
  serve(app: HttpApp, upgrades?: UpgradeEndpoint): void {
    this.#upgrades = upgrades
    const listener = listenerOf(app)
    this.#listener = listener
    for (const [incoming, outgoing] of this.#early.splice(0)) void listener(incoming, outgoing)
  }

  /** Takes no connections, lets answers end for a short while, closes what is left. Safe twice. */
  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#cut(), this.#closeGraceMs)
      this.#server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      this.#server.closeIdleConnections()
      // Connections that left HTTP are nobody's but theirs.
      void this.#upgrades?.close(this.#closeGraceMs)
    })
    return this.#closing
  }

  /** Breaks off what is being written: nobody is to take it for whole. Also while `close` waits. */
  async breakOff(): Promise<void> {
    this.#cut()
    await this.#upgrades?.close(0)
  }

  #cut(): void {
    for (const outgoing of this.#open) {
      if (outgoing.headersSent && !outgoing.writableFinished) breakOff(outgoing)
    }
    this.#server.closeAllConnections()
  }

  #take(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming
    this.#open.add(outgoing)
    outgoing.once("close", () => this.#open.delete(outgoing))
    if (!this.#malformed.began(incoming, outgoing)) return
    const refusal = this.#connections?.began(socket) ?? null
    outgoing.once("close", () => this.#connections?.ended(socket))
    if (refusal !== null) outgoing.shouldKeepAlive = false
    const isServed = refusal === null || isHealthCheck(incoming)
    const answer = refusalOfHosts(incoming) ?? (isServed ? null : refusedConnection(refusal))
    // Read no further than its headers.
    if (answer !== null) void answerAndDiscard(incoming, outgoing, answer)
    else if (this.#listener === null) this.#early.push([incoming, outgoing])
    else void this.#listener(incoming, outgoing)
  }
}

function listenerOf(app: HttpApp): Listener {
  const listen = getRequestListener((request, env) => app.fetch(request, env), {
    // Replacing the global Response is a surprise for whoever embeds us, and breaks answers written
    // past Hono.
    overrideGlobalObjects: false,
    errorHandler: (error) => {
      const { body, ...head } = invalidAnswer(
        `The request line or the Host header is not valid: ${messageOf(error)}.`,
      )
      return new Response(body, head)
    },
  })
  return (incoming, outgoing) => {
    // HTTP/1.0 needs none, and no browser speaks it: so do load balancers ask for the health.
    if (incoming.httpVersion === "1.0") incoming.headers.host ??= "localhost"
    return listen(incoming, outgoing)
  }
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use by another program. Stop that program, or choose another port with --port.`
    case "EACCES":
      return `Port ${port} needs more rights than this user has. Choose one above 1023 with --port.`
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `This machine has no address ${host}. Choose another with --ip, such as 127.0.0.1.`
    default:
      return `Cannot listen on ${host}, port ${port}: ${error.message}`
  }
}

/** All-zero addresses are for listening; a browser wants a name. */
function browsableHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost"
  return host.includes(":") ? `[${host}]` : host
}

function localAddress(bound = "127.0.0.1"): string {
  if (bound === "0.0.0.0") return "127.0.0.1"
  if (bound === "::") return "[::1]"
  return bound.includes(":") ? `[${bound}]` : bound
}

/** Answered where there is no room too: a full service must not be taken for a dead one. */
function isHealthCheck({ method, url = "" }: IncomingMessage): boolean {
  return (method === "GET" || method === "HEAD") && /^\/health\/?(?:\?|$)/.test(url)
}

/** `Expect: 100-continue` is answered by Node; no other expectation exists. */
function answerExpectation(_incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { body, headers } = invalidAnswer("The header Expect may only be 100-continue.")
  outgoing.writeHead(417, { ...headers, connection: "close" })
  outgoing.end(body)
}

/**
 * What a request with more than one `Host` is told (RFC 9112, 3.2), upon which its connection is
 * closed; null: it has none or one. Node reads the first, a proxy may have read the second.
 */
function refusalOfHosts({ rawHeaders }: IncomingMessage): ErrorAnswer | null {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ""
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1
  }
  return hosts < 2 ? null : invalidAnswer(`The request has ${hosts} Host headers; it may have one.`)
}
