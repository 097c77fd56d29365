import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { getRequestListener } from "@hono/node-server"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { newId } from "../../domain/ids.ts"
import type { Connections } from "./connections.ts"
import { answerAndDiscard, answerRefused, EndedSockets, errorAnswer } from "./error-answer.ts"
import type { HttpApp } from "./http-env.ts"
import { MalformedRequests } from "./malformed-requests.ts"
import { breakOff } from "./settled.ts"

export interface HttpServer {
  /** `http://host:port`, fit for a browser on this machine. */
  readonly url: string
  /**
   * The same as an address that programs on this machine reach, whatever their resolver makes of
   * names.
   */
  readonly localUrl: string
  readonly port: number
  /**
   * Takes no new connections, lets answers that are being written end for a short while, then
   * closes what is left. Safe twice.
   */
  close(): Promise<void>
  /**
   * Breaks off what is being written, so that nobody takes its end for that of a whole answer. Also
   * while `close` waits.
   */
  breakOff(): Promise<void>
}

/** Takes connections over that ask for another protocol. */
export interface UpgradeEndpoint {
  /**
   * False: the request is answered as if it had asked for nothing, which is what HTTP says of
   * unknown protocols.
   */
  matches(incoming: IncomingMessage): boolean
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Says goodbye on all connections, and cuts after `graceMs` what is left. Safe twice. */
  close(graceMs: number): Promise<void>
}

/** Listens already; what comes in is kept until there is somebody to answer it. */
interface BoundServer extends HttpServer {
  /** To be called once. */
  serve(app: HttpApp, upgrades?: UpgradeEndpoint): void
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
  /**
   * Longer than the idle time of usual clients and proxies, so that they close first and never hit
   * a closing socket.
   */
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
}
/**
 * Connections that the system keeps until they are taken; it may be set to keep fewer
 * (`somaxconn`).
 */
const backlog = 4096
const closeGraceDefaultMs = 2000

/**
 * Serves the app on a socket; rejects with a message for people when the address cannot be used.
 */
export async function startHttpServer(
  app: HttpApp,
  options: HttpServerOptions & { readonly upgrades?: UpgradeEndpoint },
): Promise<HttpServer> {
  const server = await bindHttpServer(options)
  server.serve(app, options.upgrades)
  return server
}

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>

/**
 * Takes the address before anything is served on it: agents are told where the service is when they
 * are started. Rejects as `startHttpServer` does.
 */
export async function bindHttpServer(options: HttpServerOptions): Promise<BoundServer> {
  const app = createAppServer(options.connections ?? null)
  await listen(app.server, options)
  return { ...runningServer(app, options), serve: app.serve }
}

/** Serves the app on a Unix domain socket. Rejects with the system's error. */
export async function startSocketServer(app: HttpApp, path: string): Promise<Pick<HttpServer, "close">> {
  const appServer = createAppServer(null)
  const { server } = appServer
  appServer.serve(app)
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen({ path }, () => {
      server.off("error", reject)
      resolve()
    })
  })
  return { close: closerOf(appServer, closeGraceDefaultMs) }
}

interface AppServer {
  readonly server: Server
  /** Closes all connections; those in the middle of an answer are broken off. */
  readonly breakOff: () => void
  readonly serve: BoundServer["serve"]
  readonly upgrades: () => UpgradeEndpoint | undefined
}

function createAppServer(connections: Connections | null): AppServer {
  let upgrades: UpgradeEndpoint | undefined
  let listener: Listener | null = null
  const early: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse }[] = []
  const open = new Set<ServerResponse>()
  const ended = connections?.endedSockets ?? new EndedSockets()
  const malformed = new MalformedRequests(limits.maxHeaderSize)
  const server = createServer(
    {
      ...limits,
      requireHostHeader: false,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      // Java's client asks for HTTP/2 on every plain request: only what is served may leave HTTP.
      shouldUpgradeCallback: (incoming) => upgrades?.matches(incoming) ?? false,
    },
    (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const { socket } = incoming
      open.add(outgoing)
      outgoing.once("close", () => open.delete(outgoing))
      if (!malformed.began(incoming, outgoing)) return
      const refusal = connections?.began(socket) ?? null
      outgoing.once("close", () => connections?.ended(socket))
      if (refusal !== null) outgoing.shouldKeepAlive = false
      const refusedHosts = refusalOfHosts(incoming)
      if (refusedHosts !== null) void answerAndDiscard(incoming, outgoing, refusedHosts)
      else if (refusal !== null && !isHealthCheck(incoming)) void answerRefused(incoming, outgoing, refusal)
      else if (listener === null) early.push({ incoming, outgoing })
      else void listener(incoming, outgoing)
    },
  )
  server.on("connection", (socket: Socket) => {
    if (connections?.opened(socket) === false) ended.refuse(socket, "all")
  })
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    malformed.found(error, socket)
  })
  server.on("checkExpectation", answerExpectation)
  server.on("upgrade", (incoming, socket: Socket, head) => {
    const refusal = connections?.began(socket) ?? null
    const refusedHosts = refusalOfHosts(incoming)
    if (refusal !== null) ended.refuse(socket, refusal)
    else if (refusedHosts !== null) ended.end(socket, refusedHosts)
    else upgrades?.upgrade(incoming, socket, head)
  })
  return {
    server,
    breakOff() {
      for (const outgoing of open) if (outgoing.headersSent && !outgoing.writableFinished) breakOff(outgoing)
      server.closeAllConnections()
    },
    upgrades: () => upgrades,
    serve(app, newUpgrades) {
      upgrades = newUpgrades
      const listen = listenerOf(app)
      listener = listen
      for (const { incoming, outgoing } of early.splice(0)) void listen(incoming, outgoing)
    },
  }
}

function listenerOf(app: HttpApp): Listener {
  const listen = getRequestListener((request, env) => app.fetch(request, env), {
    // Replacing the global Response is a surprise for whoever embeds us, and breaks answers written
    // past Hono.
    overrideGlobalObjects: false,
    errorHandler: (error) => {
      const answer = errorAnswer(
        new ProxyError(
          "invalid_request",
          `The request line or the Host header is not valid: ${messageOf(error)}.`,
        ),
        newId("req_"),
      )
      return new Response(answer.body, { status: answer.status, headers: answer.headers })
    },
  })
  return (incoming, outgoing) => {
    // HTTP/1.0 needs none, and no browser speaks it: so do load balancers ask for the health.
    if (incoming.httpVersion === "1.0") incoming.headers.host ??= "localhost"
    return listen(incoming, outgoing)
  }
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(explainListenError(error, host, port))
    server.once("error", onError)
    server.listen({ host, port, backlog }, () => {
      server.off("error", onError)
      resolve()
    })
  })
}

function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): ProxyError {
  return new ProxyError("internal_error", listenProblem(error, host, port), { cause: error })
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

function runningServer(
  app: AppServer,
  { host, closeGraceMs = closeGraceDefaultMs }: HttpServerOptions,
): HttpServer {
  const address = app.server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `http://${browsableHost(host)}:${port}`,
    localUrl: `http://${localAddress(typeof address === "object" ? address?.address : undefined)}:${port}`,
    port,
    close: closerOf(app, closeGraceMs),
    breakOff: async () => {
      app.breakOff()
      await app.upgrades()?.close(0)
    },
  }
}

function closerOf({ server, breakOff, upgrades }: AppServer, graceMs: number): () => Promise<void> {
  let closing: Promise<void> | null = null
  return () => {
    closing ??= new Promise<void>((resolve) => {
      const timer = setTimeout(breakOff, graceMs)
      server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      server.closeIdleConnections()
      // Connections that left HTTP are nobody's but theirs.
      void upgrades()?.close(graceMs)
    })
    return closing
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

/**
 * Answered also where there is no room: it costs nothing, and whoever asks must not take a full
 * service for a dead one.
 */
function isHealthCheck({ method, url = "" }: IncomingMessage): boolean {
  return (method === "GET" || method === "HEAD") && /^\/health\/?(?:\?|$)/.test(url)
}

/** `Expect: 100-continue` is answered by Node; no other expectation exists. */
function answerExpectation(_incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { body, headers } = errorAnswer(
    new ProxyError("invalid_request", "The header Expect may only be 100-continue."),
    newId("req_"),
  )
  outgoing.writeHead(417, { ...headers, connection: "close" })
  outgoing.end(body)
}

/**
 * What a request with more than one `Host` is told (RFC 9112, 3.2), upon which its connection is
 * closed; null: it has none or one. Node reads the first, a proxy may have read the second.
 */
function refusalOfHosts({ rawHeaders }: IncomingMessage): ReturnType<typeof errorAnswer> | null {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ""
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1
  }
  if (hosts < 2) return null
  const error = new ProxyError("invalid_request", `The request has ${hosts} Host headers; it may have one.`)
  return errorAnswer(error, newId("req_"))
}
