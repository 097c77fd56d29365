import { Buffer } from "node:buffer"
import { ProxyError } from "../../domain/errors.ts"
import type { HttpContext } from "../server/http-env.ts"

/** A part of a form. The next one comes once `content` was read; left alone, it is skipped. */
export interface FormPart {
  readonly name: string
  /** Null: a field, not a file. As the client wrote it: hostile. */
  readonly filename: string | null
  readonly contentType: string | null
  readonly content: AsyncIterable<Uint8Array>
}

const maxHeaderBytes = 8 * 1024
const maxPreambleBytes = 8 * 1024
const headerEnd = Buffer.from("\r\n\r\n")

/** The boundary of a `multipart/form-data` request. Throws 415 for other types, 400 for none. */
export function boundaryOf(context: HttpContext): string {
  const header = context.req.header("content-type") ?? ""
  if (!/^\s*multipart\/form-data\s*(?:;|$)/i.test(header)) {
    throw new ProxyError("unsupported_media_type", "The content-type must be multipart/form-data.")
  }
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(header)
  const boundary = found?.[1] ?? found?.[2]
  if (boundary === undefined) throw malformed("its content-type names no boundary of 1 to 70 characters")
  return boundary
}

/**
 * The parts of a form as they come in (RFC 7578): nothing but the piece at hand is ever in memory.
 * Throws `invalid_request` where the form is broken or ends too early.
 */
export async function* readMultipart(
  chunks: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<FormPart> {
  const reader = new FormReader(chunks, boundary)
  try {
    await reader.skipPreamble()
    while (await reader.hasNextPart()) {
      const part = readHeaders(await reader.readHead())
      const content = reader.readContent()
      yield { ...part, content }
      await skip(content)
    }
  } finally {
    await reader.close()
  }
}

/** A content that nobody began to read stands before the next part. */
async function skip(content: AsyncGenerator<Uint8Array>): Promise<void> {
  while ((await content.next()).done !== true) {
    // Read away.
  }
}

class FormReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  /** The line end before a boundary belongs to the boundary. */
  readonly #delimiter: Buffer
  /** Begins with a line end, so that a boundary in the very first line is found like all others. */
  #buffer = Buffer.from("\r\n")

  constructor(chunks: AsyncIterable<Uint8Array>, boundary: string) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  /** Lets go of the chunks, whatever is left of them. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async skipPreamble(): Promise<void> {
    let length = 0
    for await (const piece of this.readContent()) {
      length += piece.length
      if (length > maxPreambleBytes) throw malformed("it does not begin with its boundary")
    }
  }

  /** Behind a boundary: false at the closing one. */
  async hasNextPart(): Promise<boolean> {
    await this.#fill(2)
    if (this.#buffer.subarray(0, 2).toString("latin1") === "--") return false
    let lineEnd = this.#buffer.indexOf("\r\n")
    while (lineEnd === -1 && this.#buffer.length < 64) {
      await this.#more()
      lineEnd = this.#buffer.indexOf("\r\n")
    }
    const padding = this.#buffer.subarray(0, Math.max(0, lineEnd)).toString("latin1")
    if (lineEnd === -1 || !/^[ \t]*$/.test(padding)) throw malformed("a boundary is followed by other text")
    // The line end stays: a part without headers is one empty line.
    this.#buffer = this.#buffer.subarray(lineEnd)
    return true
  }

  async readHead(): Promise<string> {
    let end = this.#buffer.indexOf(headerEnd)
    while (end === -1) {
      if (this.#buffer.length > maxHeaderBytes) throw malformed("the headers of a part are too long")
      await this.#more()
      end = this.#buffer.indexOf(headerEnd)
    }
    const head = this.#buffer.subarray(0, end).toString("utf8")
    this.#buffer = this.#buffer.subarray(end + headerEnd.length)
    return head
  }

  /** Up to the next boundary, which is taken away. Once read to its end it yields nothing more. */
  async *readContent(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const end = this.#buffer.indexOf(this.#delimiter)
      if (end !== -1) {
        const last = this.#buffer.subarray(0, end)
        this.#buffer = this.#buffer.subarray(end + this.#delimiter.length)
        if (last.length > 0) yield last
        return
      }
      const safe = this.#buffer.length - this.#delimiter.length
      if (safe > 0) {
        const piece = this.#buffer.subarray(0, safe)
        this.#buffer = this.#buffer.subarray(safe)
        yield piece
      }
      await this.#more()
    }
  }

  async #fill(length: number): Promise<void> {
    while (this.#buffer.length < length) await this.#more()
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next()
    if (next.done === true) throw malformed("it ends before its closing boundary")
    this.#buffer = Buffer.concat([this.#buffer, next.value])
  }
}

function readHeaders(head: string): Omit<FormPart, "content"> {
  const headers = new Map<string, string>()
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":")
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  const disposition = headers.get("content-disposition") ?? ""
  const name = parameterOf(disposition, "name")
  if (!/^form-data\b/i.test(disposition) || name === null) {
    throw malformed("a part has no content-disposition 'form-data' with a name")
  }
  const filename = extendedParameterOf(disposition, "filename") ?? parameterOf(disposition, "filename")
  return { name, filename, contentType: headers.get("content-type") ?? null }
}

/** Browsers and `fetch` write `"`, CR and LF as `%22`, `%0D`, `%0A`; curl writes `\"`. */
function parameterOf(header: string, name: string): string | null {
  const found = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`, "i").exec(header)
  const value = found?.[1]?.replaceAll('\\"', '"') ?? found?.[2]
  return value?.replace(/%22/g, '"').replace(/%0D/gi, "\r").replace(/%0A/gi, "\n") ?? null
}

/** `filename*=UTF-8''na%C3%AFve.txt` (RFC 5987), as Python's clients send it. */
function extendedParameterOf(header: string, name: string): string | null {
  const value = new RegExp(`;\\s*${name}\\*=utf-8'[^']*'([^\\s;]+)`, "i").exec(header)?.[1]
  if (value === undefined) return null
  try {
    return decodeURIComponent(value)
  } catch {
    // Not encoded as it says: the plain form is used, if there is one.
    return null
  }
}

function malformed(problem: string): ProxyError {
  return new ProxyError("invalid_request", `The body is not a valid multipart/form-data form: ${problem}.`)
}
