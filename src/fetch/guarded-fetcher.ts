import { lookup as systemLookup } from "node:dns/promises"
import type { ClientRequest, IncomingMessage } from "node:http"
import { request as httpsRequest, type RequestOptions } from "node:https"
import { isIP } from "node:net"
import { readMimeType } from "../domain/file-name.ts"
import { FetchError, type FetchedFile, type UrlFetcher } from "../domain/files.ts"
import { bareHost, requestPinned } from "./pinned-request.ts"
import { isPublicAddress } from "./public-address.ts"

export interface GuardedFetcherOptions {
  /** All addresses of a name. */
  readonly lookup?: (hostname: string) => Promise<readonly string[]>
  readonly isAllowedAddress?: (address: string) => boolean
  readonly openRequest?: (options: RequestOptions) => ClientRequest
  /** For one file with all its redirects. */
  readonly timeoutMs?: number
}

const maxRedirects = 3
const maxUrlLength = 8_192
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const imageAccept = "image/png, image/jpeg, image/webp, image/gif"

/**
 * Fetches from the public internet over https and from nowhere else: what the client may not reach,
 * it must not reach through us. Each address is looked up once, checked, and then connected to as
 * it was checked; so is each redirect's.
 */
export class GuardedFetcher implements UrlFetcher {
  readonly #options: Required<GuardedFetcherOptions>

  constructor(options: GuardedFetcherOptions = {}) {
    this.#options = {
      lookup: async (hostname) => {
        const found = await systemLookup(hostname, { all: true })
        return found.map(({ address }) => address)
      },
      isAllowedAddress: isPublicAddress,
      openRequest: httpsRequest,
      timeoutMs: 20_000,
      ...options,
    }
  }

  async fetch(
    url: string,
    want: { readonly isImage: boolean; readonly maxBytes: number },
  ): Promise<FetchedFile> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs)
    let response: IncomingMessage | null = null
    try {
      const { response: found, url: last } = await this.#follow(url, want.isImage, signal)
      response = found
      const mimeType = readMimeType(found.headers["content-type"])
      if (want.isImage && mimeType?.startsWith("image/") !== true) {
        throw new FetchError(`what is there is not an image but ${mimeType ?? "of no stated type"}`)
      }
      const bytes = await readAll(found, want.maxBytes)
      return { bytes, mimeType, filename: lastPart(last) }
    } catch (error) {
      if (error instanceof FetchError) throw error
      if (signal.aborted) {
        throw new FetchError(`it took longer than ${this.#options.timeoutMs / 1000} seconds`, error)
      }
      throw new FetchError(`the server cannot be reached (${codeOf(error)})`, error)
    } finally {
      response?.destroy()
    }
  }

  async #follow(
    text: string,
    isImage: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly response: IncomingMessage; readonly url: URL }> {
    let url = readUrl(text, null)
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const response = await requestPinned({
        ...this.#options,
        url,
        address: await this.#addressOf(url, signal),
        accept: isImage ? imageAccept : "*/*",
        signal,
      })
      const { statusCode = 0, headers } = response
      if (statusCode === 200) return { response, url }
      response.destroy()
      if (!redirectStatuses.has(statusCode) || headers.location === undefined) {
        throw new FetchError(`the server answered with status ${statusCode}`)
      }
      url = readUrl(headers.location, url)
    }
    throw new FetchError(`there are more than ${maxRedirects} redirects`)
  }

  async #addressOf(url: URL, signal: AbortSignal): Promise<string> {
    const hostname = bareHost(url)
    const addresses = isIP(hostname) === 0 ? await this.#lookup(hostname, signal) : [hostname]
    const [first] = addresses
    if (first === undefined) throw new FetchError("its name cannot be resolved")
    // One closed address among public ones is an attempt, not an accident.
    if (!addresses.every(this.#options.isAllowedAddress)) {
      throw new FetchError("it leads to an address that is not public")
    }
    return first
  }

  async #lookup(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
    // A look-up cannot be stopped, only left alone.
    const timeUp = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true })
    })
    try {
      return await Promise.race([this.#options.lookup(hostname), timeUp])
    } catch (error) {
      if (signal.aborted) throw error
      throw new FetchError("its name cannot be resolved", error)
    }
  }
}

function readUrl(text: string, base: URL | null): URL {
  if (text.length > maxUrlLength) throw new FetchError(`it is longer than ${maxUrlLength} characters`)
  const url = base === null ? URL.parse(text) : URL.parse(text, base.href)
  const what = base === null ? "it" : "it redirects to what"
  if (url === null) throw new FetchError(`${what} is not a valid address`)
  if (url.protocol !== "https:") throw new FetchError(`${what} is not an https address`)
  if (url.username !== "" || url.password !== "") throw new FetchError(`${what} has a user name in it`)
  return url
}

/** Never keeps more than the limit. */
async function readAll(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const encoding = response.headers["content-encoding"] ?? "identity"
  if (encoding !== "identity") throw new FetchError("the server sends it compressed, although asked not to")
  const tooLarge = () => new FetchError(`it is larger than ${maxBytes} bytes`)
  if (Number(response.headers["content-length"] ?? 0) > maxBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue
    length += chunk.length
    if (length > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

function lastPart(url: URL): string | null {
  const part = url.pathname.split("/").at(-1) ?? ""
  try {
    return decodeURIComponent(part) || null
  } catch {
    // Not everything with a percent sign is encoded; as it stands it is a name as well.
    return part
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "no connection"
}
