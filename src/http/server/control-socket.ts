import { closeSync, constants, openSync } from "node:fs"
import { chmod, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { ProxyError } from "../../domain/errors.ts"
import { fileProblemOf } from "../../domain/file-problem.ts"
import type { HttpApp } from "./http-env.ts"
import { type HttpServer, startSocketServer } from "./http-server.ts"

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the final zero included. */
const maxPathBytes = 100

/** `daemon.sock` in the home, for its owner only. */
export class ControlSocket {
  /** Absolute. */
  readonly path: string
  #app: HttpApp | null = null
  #server: Pick<HttpServer, "close"> | null = null
  #isClosed = false

  constructor(path: string) {
    this.path = path
  }

  /**
   * Serves the app there. The home must be locked: a socket that is there was left by a service that is gone. Rejects with
   * `ProxyError`.
   */
  async serve(app: HttpApp): Promise<void> {
    this.#server = await listenOn(app, this.path)
    this.#app = app
  }

  /** Listens again on the same path, where somebody removed the socket. Connections to the old one are closed. */
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

async function listenOn(app: HttpApp, path: string): Promise<Pick<HttpServer, "close">> {
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

/**
 * A path for the same socket that is short enough for the system, as long as it is not released. Throws `ProxyError` where
 * there is none: only Linux names an open folder by its descriptor.
 */
export function reachable(path: string): { readonly path: string; readonly release: () => void } {
  if (Buffer.byteLength(path) <= maxPathBytes) return { path, release: () => {} }
  if (process.platform !== "linux") {
    throw new ProxyError(
      "internal_error",
      `The path ${path} is too long for a socket. Set AI_AGENT_PROXY_HOME to a shorter one.`,
    )
  }
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  return { path: join(`/proc/self/fd/${folder}`, "daemon.sock"), release: () => closeSync(folder) }
}
