import type { Config, Limits } from "../../config/config.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { isExactNumber, parseBodyExact } from "../../domain/exact-numbers.ts"
import type { ByteShare } from "../server/bounds.ts"
import type { HttpContext } from "../server/http-env.ts"

const decoder = new TextDecoder("utf-8", { fatal: true })
const jsonTypePattern = /^application\/(?:json|[\w.!#$&^+-]+\+json)$/

/**
 * The request's body as JSON. Checks in this order, each before it costs anything: media type
 * (415), size (413; a body without a length is counted while it comes, and never more than the
 * limit is kept), UTF-8, depth, syntax (400). It counts in the budget of all bodies until the
 * request is over.
 */
export async function readJsonBody(
  context: HttpContext,
  limits: Limits,
  share: ByteShare | undefined = context.get("bodyShare"),
): Promise<unknown> {
  checkMediaType(context)
  return readUntypedJsonBody(context, limits, share)
}

/** The same with the text that it was parsed of, for numbers that parsing rounds. */
export async function readJsonAndText(
  context: HttpContext,
  limits: Limits,
  share: ByteShare | undefined,
): Promise<{ readonly body: unknown; readonly text: string }> {
  checkMediaType(context)
  const bytes = await readAll(context, limits, share)
  return { body: parseJson(bytes, limits), text: decoder.decode(bytes) }
}

/** The same without the media type, for bodies that some clients send without one. */
export async function readUntypedJsonBody(
  context: HttpContext,
  limits: Limits,
  share: ByteShare | undefined = context.get("bodyShare"),
): Promise<unknown> {
  return parseJson(await readAll(context, limits, share), limits)
}

async function readAll(
  context: HttpContext,
  limits: Limits,
  share: ByteShare | undefined,
): Promise<Uint8Array> {
  const declaredBytes = Number(context.req.header("content-length") ?? 0)
  if (declaredBytes > limits.bodyBytes) throw tooLarge(limits)
  share?.grow(declaredBytes)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of bodyChunks(context)) {
    length += chunk.length
    if (length > limits.bodyBytes) throw tooLarge(limits)
    share?.grow(length)
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length)
}

/**
 * Checks UTF-8, depth and syntax, in that order of cost. Throws `invalid_json`. Numbers that
 * JavaScript rounds are `ExactNumber`s where they are handed on, see `parseBodyExact`.
 */
export function parseJson(bytes: Uint8Array, limits: Pick<Limits, "jsonDepth">): unknown {
  if (bytes.length === 0) {
    throw new ProxyError("invalid_json", "The body is empty; it must be a JSON object.")
  }
  const { isTooDeep, hasLongNumber } = formOf(bytes, limits.jsonDepth)
  if (isTooDeep) {
    throw new ProxyError(
      "invalid_json",
      `The body is nested deeper than ${limits.jsonDepth} levels of objects and arrays.`,
    )
  }
  return parse(bytes, hasLongNumber)
}

function checkMediaType(context: HttpContext): void {
  const [type = "", ...parameters] = (context.req.header("content-type") ?? "").split(";")
  if (!jsonTypePattern.test(type.trim().toLowerCase())) {
    const found = type.trim() === "" ? "there is none" : "it is another"
    throw new ProxyError("unsupported_media_type", `The content-type must be application/json; ${found}.`)
  }
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=", 2)
    const charset = value.trim().replaceAll('"', "").toLowerCase()
    if (name.trim().toLowerCase() === "charset" && charset !== "utf-8" && charset !== "utf8") {
      throw new ProxyError("unsupported_media_type", "The charset of the body must be utf-8.")
    }
  }
  const encoding = context.req.header("content-encoding")?.trim().toLowerCase() ?? "identity"
  if (encoding !== "identity" && encoding !== "") {
    throw new ProxyError(
      "unsupported_media_type",
      "Compressed bodies are not accepted; send it uncompressed.",
    )
  }
}

/** The body as it comes in. Must be read to its end, or the connection be closed. */
export async function* bodyChunks(context: HttpContext): AsyncGenerator<Uint8Array> {
  const { incoming } = context.env ?? {}
  try {
    // Stopping early must leave the socket open: the 413 still has to go out on it.
    yield* incoming?.iterator({ destroyOnReturn: false }) ?? context.req.raw.body ?? []
  } catch (error) {
    throw new ProxyError("invalid_request", "The connection ended before the whole body had come.", {
      cause: error,
    })
  }
}

function parse(bytes: Uint8Array, hasLongNumber: boolean): unknown {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch (error) {
    throw new ProxyError("invalid_json", "The body is not valid UTF-8.", { cause: error })
  }
  try {
    // JSON.parse gives any; nothing is trusted until a schema has seen it.
    const body = hasLongNumber ? parseBodyExact(text) : (JSON.parse(text) as unknown)
    return surrogateEscape.test(text) ? wellFormed(body) : body
  } catch (error) {
    throw new ProxyError("invalid_json", `The body is not valid JSON: ${messageOf(error)}`, { cause: error })
  }
}

const surrogateEscape = /\\u[dD][89a-fA-F]/

/**
 * Half a character (a client cut an emoji in two) becomes U+FFFD, in texts and in names. JSON can
 * say it, UTF-8 cannot: a CLI that is strict about it would refuse the line, and with it the turn.
 */
function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== "object" || value === null || isExactNumber(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name.toWellFormed(), wellFormed(entry)]),
  )
}

function tooLarge(limits: Limits): ProxyError {
  return new ProxyError("body_too_large", `The body is larger than the limit of ${limits.bodyBytes} bytes.`)
}

/** The JSON body in the API's own form, where looser ones may come. Rejects as `readJsonBody`. */
export async function readLooseBody(
  context: HttpContext,
  config: Pick<Config, "limits" | "looseBodies">,
  loosen: (body: unknown) => unknown,
): Promise<unknown> {
  const body = await readJsonBody(context, config.limits)
  return config.looseBodies ? loosen(body) : body
}

const quote = 0x22
const backslash = 0x5c
const slash = 0x2f

/** Shorter numbers are never rounded. */
const longDigits = 16

interface JsonForm {
  /** Objects and arrays are nested deeper than the limit; nothing else is known then. */
  readonly isTooDeep: boolean
  /** There may be a number that JavaScript rounds: one of many digits, or with an exponent. */
  readonly hasLongNumber: boolean
}

/**
 * What is to be known of a JSON text before it is parsed. One pass over the bytes without
 * recursion, made before `JSON.parse`, whose result would be walked recursively by others. Broken
 * JSON gives any answer; the parser refuses it afterwards.
 */
export function formOf(json: Uint8Array, limit: number): JsonForm {
  let depth = 0
  let position = 0
  let digits = 0
  let hasLongNumber = false
  while (position < json.length) {
    const byte = json[position]
    if (byte === quote) {
      position = endOfString(json, position + 1)
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1
      if (depth > limit) return { isTooDeep: true, hasLongNumber }
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1
    } else if (byte !== undefined && byte >= 0x2e && byte <= 0x39 && byte !== slash) {
      // A digit or the point.
      digits += 1
      if (digits >= longDigits) hasLongNumber = true
      position += 1
      continue
    } else if (digits > 0 && (byte === 0x65 || byte === 0x45)) {
      hasLongNumber = true
    }
    digits = 0
    position += 1
  }
  return { isTooDeep: false, hasLongNumber }
}

/** The closing quote. Jumps from quote to quote: images in base64 cost next to nothing. */
function endOfString(json: Uint8Array, start: number): number {
  let end = json.indexOf(quote, start)
  while (end !== -1) {
    let backslashes = 0
    while (end - backslashes > start && json[end - backslashes - 1] === backslash) backslashes += 1
    if (backslashes % 2 === 0) return end
    end = json.indexOf(quote, end + 1)
  }
  return json.length
}
