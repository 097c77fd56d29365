import type { Config } from "../config/config.ts"
import type { Engine } from "../engine/engine.ts"
import { toResponse } from "../protocol/responses/resource.ts"
import type { HttpContext } from "./http-env.ts"
import { answerJson } from "./large-answer.ts"
import { replayResponse } from "./response-replay.ts"
import { retrievalOptionsOf } from "./retrieval-options.ts"
import { serverLabelOf } from "./server-label.ts"
import type { ServiceBounds } from "./service-bounds.ts"
import { answerOf } from "./waiting-answer.ts"

export interface StoredResponseHandlers {
  /** `GET /v1/responses/{id}`, running ones included; with `stream=true` as a stream. */
  readonly retrieve: (context: HttpContext) => Promise<Response>
  /** `DELETE /v1/responses/{id}`; a 404 the second time. */
  readonly remove: (context: HttpContext) => Promise<Response>
  /** `POST /v1/responses/{id}/cancel`: of background responses; answered when the turn is over. */
  readonly cancel: (context: HttpContext) => Promise<Response>
}

export function createStoredResponseHandlers(options: {
  readonly engine: Engine
  readonly config: Config
  readonly bounds: ServiceBounds
}): StoredResponseHandlers {
  const { engine } = options
  return {
    async retrieve(context) {
      const { isStream, startingAfter } = await retrievalOptionsOf(context, options.config.limits)
      if (isStream) return replayResponse(context, idOf(context), startingAfter, options)
      const record = await engine.retrieve(context.get("principal"), "response", idOf(context))
      return answerJson(context, toResponse(record, serverLabelOf(engine, record)))
    },
    remove(context) {
      const id = idOf(context)
      return answerOf(context, options, async () => {
        await engine.remove(context.get("principal"), "response", id)
        return { id, object: "response", deleted: true }
      })
    },
    cancel: (context) =>
      answerOf(context, options, async () => {
        const record = await engine.cancel(context.get("principal"), "response", idOf(context))
        return toResponse(record, serverLabelOf(engine, record))
      }),
  }
}

function idOf(context: HttpContext): string {
  return context.req.param("id") ?? ""
}
