import { chmod, rm } from "node:fs/promises"
import { reachable } from "../../config/control-socket.ts"
import { ProxyError } from "../../domain/errors.ts"
import { fileProblemOf } from "../../domain/file-problem.ts"
import type { HttpApp } from "./http-env.ts"
import { type HttpServer, startSocketServer } from "./http-server.ts"

/** `daemon.sock` in the home, for its owner only. */
export class ControlSocket {
  /** Absolute. */
  readonly path: string
  #app: HttpApp | null = null
  #server: HttpServer | null = null
  #isClosed = false

  constructor(path: string) {
    this.path = path
  }

  /**
   * Serves the app there. The home must be locked: a socket that is there was left by a service
   * that is gone. Rejects with `ProxyError`.
   */
  async serve(app: HttpApp): Promise<void> {
    this.#server = await listenOn(app, this.path)
    this.#app = app
  }

  /** Listens again where somebody removed the socket; connections to the old one are closed. */
  async remake(): Promise<void> {
    // First of all: closing a socket removes whatever has its path.
    await this.#server?.close()
    if (!this.#isClosed && this.#app !== null) this.#server = await listenOn(this.#app, this.path)
  }

  /** Harmless where nothing is served yet. */
  async close(): Promise<void> {
    if (this.#server === null) return
    this.#isClosed = true
    await this.#server.close()
    await rm(this.path, { force: true })
  }
}

async function listenOn(app: HttpApp, path: string): Promise<HttpServer> {
  const reach = reachable(path)
  try {
    await rm(path, { force: true })
    const server = await startSocketServer(app, reach.path)
    // The folder is closed to others; this is for a home that somebody opens later.
    await chmod(path, 0o600)
    return server
  } catch (error) {
    throw new ProxyError("internal_error", `The socket ${path} cannot be made: ${fileProblemOf(error)}.`, {
      cause: error,
    })
  } finally {
    reach.release()
  }
}
