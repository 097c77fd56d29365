import type { ClientRequest, IncomingMessage } from "node:http"
import type { RequestOptions } from "node:https"
import type { LookupFunction } from "node:net"
import { isIP } from "node:net"
import { FetchError } from "../domain/files.ts"

export interface PinnedRequestOptions {
  readonly url: URL
  /** The one address that is connected to, checked before. */
  readonly address: string
  readonly accept: string
  readonly isAllowedAddress: (address: string) => boolean
  readonly openRequest: (options: RequestOptions) => ClientRequest
  readonly signal: AbortSignal
}

/**
 * GET to an address that was looked up and checked before. The name is not looked up again, so that
 * it cannot lead elsewhere meanwhile; it is used for TLS and the `Host` header only. Resolves with
 * the answer's head.
 */
export function requestPinned(options: PinnedRequestOptions): Promise<IncomingMessage> {
  const { url, address, signal } = options
  const hostname = bareHost(url)
  const request = options.openRequest({
    method: "GET",
    host: hostname,
    port: url.port === "" ? 443 : Number(url.port),
    path: `${url.pathname}${url.search}`,
    headers: {
      host: url.host,
      accept: options.accept,
      "accept-encoding": "identity",
      "user-agent": "ai-agent-proxy",
    },
    ...(isIP(hostname) === 0 && { servername: hostname }),
    lookup: pinnedLookup(address),
    // A pooled connection would be one that somebody else's check let through.
    agent: false,
    signal,
  })
  return new Promise((resolve, reject) => {
    // For all of its life: one that nobody listens to would end the process.
    request.on("error", reject)
    request.once("socket", (socket) => {
      socket.once("connect", () => {
        const { remoteAddress = "" } = socket
        if (!options.isAllowedAddress(remoteAddress)) {
          request.destroy(new FetchError("it leads to an address that is not public"))
        }
      })
    })
    request.once("response", resolve)
    request.end()
  })
}

/** The name or address of a URL without the brackets of IPv6. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "")
}

function pinnedLookup(address: string): LookupFunction {
  const family = isIP(address)
  return (_hostname, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
}
