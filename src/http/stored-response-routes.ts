import { ProxyError } from "../domain/errors.ts"
import type { Engine } from "../engine/engine.ts"
import { toResponse } from "../protocol/responses/resource.ts"
import type { HttpContext } from "./http-env.ts"
import { serverLabelOf } from "./server-label.ts"

export interface StoredResponseHandlers {
  /** `GET /v1/responses/{id}`, running ones included. */
  readonly retrieve: (context: HttpContext) => Promise<Response>
  /** `DELETE /v1/responses/{id}`; a 404 the second time. */
  readonly remove: (context: HttpContext) => Promise<Response>
}

export function createStoredResponseHandlers({
  engine,
}: {
  readonly engine: Engine
}): StoredResponseHandlers {
  return {
    async retrieve(context) {
      refuseReplay(context)
      const record = await engine.retrieve(context.var.principal, "response", idOf(context))
      return context.json(toResponse(record, serverLabelOf(engine, record)))
    },
    async remove(context) {
      const id = idOf(context)
      await engine.remove(context.var.principal, "response", id)
      return context.json({ id, object: "response", deleted: true })
    },
  }
}

function idOf(context: HttpContext): string {
  return context.req.param("id") ?? ""
}

/** Replay of a stored stream is not served; a whole answer in its place would look like one without events. */
function refuseReplay(context: HttpContext): void {
  const stream = context.req.query("stream")
  if (stream !== undefined && stream !== "false") {
    throw new ProxyError(
      "invalid_request",
      "A stored response cannot be streamed again; leave 'stream' out.",
      {
        param: "stream",
      },
    )
  }
  if (context.req.query("starting_after") !== undefined) {
    throw new ProxyError("invalid_request", "'starting_after' needs a stream, which is not served here.", {
      param: "starting_after",
    })
  }
}
