import * as z from "zod"
import type { Limits } from "../config/config.ts"
import { ProxyError } from "../domain/errors.ts"
import { includable } from "../protocol/responses/parameters.ts"
import { invalidRequest, isObject, readShape, refuseUnknown } from "../protocol/shape.ts"
import type { HttpContext } from "./http-env.ts"
import { readJsonBody, readUntypedJsonBody } from "./json-body.ts"
import { booleanQuery, integerQuery, listQuery } from "./query-parameters.ts"

/** More than all fields together can need. */
const maxBodyBytes = 16 * 1024

const bodyShape = z.object({
  stream: z.boolean().nullish(),
  starting_after: z.int().min(0).nullish(),
  include: z.array(z.enum(includable)).nullish(),
  include_obfuscation: z.boolean().nullish(),
})

/** How a stored response is to be told. */
export interface RetrievalOptions {
  readonly isStream: boolean
  /** Only with `isStream`: events behind this number; null: all. */
  readonly startingAfter: number | null
}

/**
 * Reads the query of `GET /v1/responses/{id}` and, where there is one, its JSON body: openai-go sends `stream` in the body of the
 * GET, and no media type with it. What the query says counts. Rejects with `invalid_request` that names the field,
 * and with what `readJsonBody` rejects with.
 */
export async function retrievalOptionsOf(context: HttpContext, limits: Limits): Promise<RetrievalOptions> {
  const inQuery = integerQuery(context, "starting_after", 0, Number.MAX_SAFE_INTEGER)
  listQuery(context, "include", includable)
  // Nothing is padded, so it may be asked for either way.
  booleanQuery(context, "include_obfuscation")
  const isInQuery = context.req.query("stream") !== undefined
  const queried = booleanQuery(context, "stream")
  const body = await bodyOf(context, limits)
  const isStream = isInQuery ? queried : body.stream === true
  const startingAfter = inQuery ?? body.starting_after ?? null
  if (startingAfter !== null && !isStream) {
    throw invalidRequest("starting_after", "'starting_after' is only allowed when 'stream' is true.")
  }
  return { isStream, startingAfter }
}

async function bodyOf(context: HttpContext, limits: Limits): Promise<z.infer<typeof bodyShape>> {
  const { incoming } = context.env ?? {}
  const headers = incoming?.headers ?? {}
  const { "content-length": length = "0", "transfer-encoding": encoding, "content-type": type } = headers
  if (length === "0" && encoding === undefined) return {}
  const read = type === undefined ? readUntypedJsonBody : readJsonBody
  const body = await read(context, { ...limits, bodyBytes: maxBodyBytes })
  if (!isObject(body)) throw new ProxyError("invalid_request", "The body must be a JSON object.")
  refuseUnknown(bodyShape, body)
  return readShape(bodyShape, body, "")
}
