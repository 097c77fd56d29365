import { closeSync, constants, openSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { ProxyError } from "../domain/errors.ts"

/** Where commands of this machine reach the service of a home, without a key. */
export function controlSocketOf(home: string): string {
  return join(home, "daemon.sock")
}

/**
 * By these a command in an agent's shell says whose shell it is: the agent's token, and the CLI's
 * name of the thread, if it has one.
 */
export const askingAgentHeaders = {
  token: "x-ai-agent-proxy-agent-token",
  thread: "x-ai-agent-proxy-agent-thread",
} as const

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the final zero included. */
const maxPathBytes = 100

/**
 * A path for the same socket that is short enough for the system, as long as it is not released.
 * Throws `ProxyError` where there is none: only Linux names an open folder by its descriptor.
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
  return { path: join(`/proc/self/fd/${folder}`, basename(path)), release: () => closeSync(folder) }
}
