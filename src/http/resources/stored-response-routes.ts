import * as z from "zod"
import type { Limits } from "../../config/config.ts"
import { ProxyError } from "../../domain/errors.ts"
import { invalidRequest, isObject, readShape, refuseUnknown } from "../../protocol/common/shape.ts"
import { includable } from "../../protocol/responses/parameters.ts"
import { toResponse } from "../../protocol/responses/resource.ts"
import { toItemPage } from "../../protocol/responses/wire-items.ts"
import { readJsonBody, readUntypedJsonBody } from "../guard/json-body.ts"
import { booleanQuery, integerQuery, listQuery, pageOf } from "../guard/query-parameters.ts"
import { type HttpContext, type Routes, targetOf } from "../server/http-env.ts"
import { answerJson } from "../server/large-answer.ts"
import type { TurnParts } from "../server/route-parts.ts"
import { serverLabelOf } from "../turns/earlier-items.ts"
import { replayResponse } from "../turns/response-replay.ts"
import { answerOf, deletion } from "../turns/waiting-answer.ts"

/** Responses that are there already, running ones included. */
export function storedResponseRoutes(parts: TurnParts): Routes {
  const { engine, config } = parts
  return {
    "/v1/responses/:id/cancel": {
      /** Of background responses; answered when the turn is over. */
      POST: (context) =>
        answerOf(context, config, async () => {
          const [principal, id] = targetOf(context)
          const record = await engine.cancel(principal, "response", id)
          return toResponse(record, serverLabelOf(engine, record))
        }),
    },
    "/v1/responses/:id/input_items": {
      /** What the response was made from, newest first unless asked otherwise. */
      GET: async (context) => {
        const page = pageOf(context, "desc")
        listQuery(context, "include", includable)
        const [principal, id] = targetOf(context)
        const record = await engine.retrieve(principal, "response", id)
        const items = await engine.inputItems(principal, "response", id)
        return answerJson(context, toItemPage(items, page, serverLabelOf(engine, record)))
      },
    },
    "/v1/responses/:id": {
      /** With `stream=true` as a stream. */
      GET: async (context) => {
        const { isStream, startingAfter } = await retrievalOptionsOf(context, config.limits)
        const [principal, id] = targetOf(context)
        if (isStream) return replayResponse(context, id, startingAfter, parts)
        const record = await engine.retrieve(principal, "response", id)
        return answerJson(context, toResponse(record, serverLabelOf(engine, record)))
      },
      /** A 404 the second time. */
      DELETE: deletion(config, "response", (principal, id) => engine.remove(principal, "response", id)),
    },
  }
}

/** More than all fields together can need. */
const maxBodyBytes = 16 * 1024

const bodyShape = z.object({
  stream: z.boolean().nullish(),
  starting_after: z.int().min(0).nullish(),
  include: z.array(z.enum(includable)).nullish(),
  include_obfuscation: z.boolean().nullish(),
})

/** How a stored response is to be told. */
interface RetrievalOptions {
  readonly isStream: boolean
  /** Only with `isStream`: events behind this number; null: all. */
  readonly startingAfter: number | null
}

/**
 * Reads the query of `GET /v1/responses/{id}` and, where there is one, its JSON body: openai-go
 * sends `stream` in the body of the GET, and no media type with it. What the query says counts.
 * Rejects with `invalid_request` that names the field, and with what `readJsonBody` rejects with.
 */
async function retrievalOptionsOf(context: HttpContext, limits: Limits): Promise<RetrievalOptions> {
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
