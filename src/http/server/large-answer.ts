import type { ServerResponse } from "node:http"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import type { MiddlewareHandler } from "hono"
import { isLongJson, jsonPieces } from "../../domain/json-pieces.ts"
import { clientOf } from "./client-connection.ts"
import type { HttpContext, HttpEnv, LargeAnswer } from "./http-env.ts"
import { breakOff, nextTurn, settled } from "./settled.ts"
import type { StalledReaders } from "./stalled-readers.ts"

/** Shorter answers are handed over whole: a socket takes as much at once. */
const largeBytes = 64 * 1024

/** Plain data as a JSON body with status 200. */
export function answerJson(
  context: HttpContext,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const all = { ...headers, "content-type": "application/json" }
  if (isLongJson(value) && mayBeWritten(context)) return answerWhole(context, new WholeBody(value), all)
  return answerString(context, JSON.stringify(value), all)
}

/** A text as a body with status 200. */
export function answerString(
  context: HttpContext,
  text: string,
  headers: Readonly<Record<string, string>>,
): Response {
  if (text.length < largeBytes || !mayBeWritten(context)) return context.body(text, 200, headers)
  return answerWhole(context, new WholeBody(Buffer.from(text)), headers)
}

function mayBeWritten(context: HttpContext): boolean {
  return context.env?.outgoing !== undefined && context.req.method !== "HEAD"
}

function answerWhole(
  context: HttpContext,
  body: WholeBody,
  headers: Readonly<Record<string, string>>,
): Response {
  return answerLarge(context, { headers: { ...headers, "content-length": String(body.length) }, body })
}

/** The rest of a body whose head is out. */
export function answerBegun(context: HttpContext, value: object): Response {
  return answerLarge(context, { headers: {}, body: new WholeBody(value) })
}

/** Written when the handler is over: what it knows would stay in memory as long as a reader. */
export function answerLarge(context: HttpContext, answer: LargeAnswer): Response {
  context.set("largeAnswer", answer)
  return RESPONSE_ALREADY_SENT
}

/** Writes what handlers leave to it, outside of all of them but the log. */
export function largeAnswers(readers: StalledReaders): MiddlewareHandler<HttpEnv> {
  return async (context, next) => {
    await next()
    const largeAnswer = context.get("largeAnswer")
    const { outgoing } = context.env ?? {}
    if (largeAnswer === undefined || outgoing === undefined) return
    context.set("largeAnswer", undefined)
    const client = clientOf(context)
    try {
      if (!outgoing.headersSent) {
        outgoing.writeHead(200, { ...largeAnswer.headers, "x-request-id": context.get("requestId") })
      }
      await writeLarge(outgoing, largeAnswer.body, client.gone, readers)
    } catch (error) {
      // The status is out; the connection is cut, which is all that can be told, and the log gets
      // the rest.
      context.set("failure", error)
    } finally {
      context.set("isAborted", client.gone.aborted)
      client.release()
      if (!outgoing.writableEnded) breakOff(outgoing)
    }
  }
}

/**
 * Writes a body piece by piece and ends the answer. Bytes that several readers wait for are kept
 * once. Rejects when the content cannot be read.
 */
export async function writeLarge(
  outgoing: ServerResponse,
  body: LargeAnswer["body"],
  gone: AbortSignal,
  readers: StalledReaders,
): Promise<void> {
  const taken = async (event: "drain" | "finish"): Promise<void> => {
    const source = body instanceof WholeBody ? body.share(readers) : body
    const bytes = (): number => (body instanceof WholeBody ? body.length : outgoing.writableLength)
    const goesOn = readers.stalls({ source, bytes, end: () => breakOff(outgoing) })
    await settled(outgoing, event, gone)
    goesOn()
  }
  for await (const piece of body) {
    if (gone.aborted) return
    if (outgoing.write(piece)) continue
    // A reader that keeps up has taken it by now.
    await nextTurn()
    if (outgoing.writableNeedDrain) await taken("drain")
  }
  if (gone.aborted) return
  outgoing.end()
  // The same.
  await nextTurn()
  if (!outgoing.writableFinished) await taken("finish")
}

/**
 * A body as a whole, and the only one that knows it: where another reader waits for the same bytes,
 * these are kept and its own are not. So each piece is a copy; a view would keep the whole of it.
 * What is given as plain data is sent as JSON, made as the reader takes it, and as a whole only for
 * one that stalls: many may ask for the same answer of megabytes at once.
 */
export class WholeBody {
  /** In bytes. */
  readonly length: number
  #content: Buffer | object
  #isShared = false

  constructor(content: Buffer | object) {
    this.#content = content
    this.length = content instanceof Buffer ? content.length : jsonLength(content)
  }

  /** What stands for these bytes, whoever reads them. */
  share(readers: StalledReaders): object {
    if (!this.#isShared) {
      const own = this.#content instanceof Buffer ? this.#content : jsonBytes(this.#content, this.length)
      const shared = readers.share(own)
      if (shared !== own) free(own)
      this.#content = shared
    }
    this.#isShared = true
    return this.#content
  }

  *[Symbol.iterator](): Generator<Buffer> {
    let start = 0
    if (!(this.#content instanceof Buffer)) {
      for (const text of largePieces(jsonPieces(this.#content))) {
        const piece = Buffer.from(text)
        start += piece.length
        yield piece
        // The reader has stalled meanwhile.
        if (this.#content instanceof Buffer) break
      }
    }
    for (; this.#content instanceof Buffer && start < this.length; start += largeBytes) {
      yield Buffer.from(this.#content.subarray(start, start + largeBytes))
    }
  }
}

function jsonLength(value: object): number {
  let length = 0
  for (const piece of jsonPieces(value)) length += Buffer.byteLength(piece)
  return length
}

function jsonBytes(value: object, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length)
  let end = 0
  for (const piece of jsonPieces(value)) end += bytes.write(piece, end)
  return bytes
}

function* largePieces(pieces: Iterable<string>): Generator<string> {
  let text = ""
  for (const piece of pieces) {
    text += piece
    if (text.length < largeBytes) continue
    yield text
    text = ""
  }
  if (text !== "") yield text
}

/** At once: the collector takes its time, and eight readers of megabytes come together. */
function free({ buffer, byteLength }: Buffer): void {
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
  if (isAlone) buffer.transfer(0)
}
