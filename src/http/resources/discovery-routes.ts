import { LaterPart } from "../../domain/later-part.ts"
import { noAgent } from "../../engine/agents/find-agent.ts"
import type { Engine } from "../../engine/engine.ts"
import { toModel, toModelList } from "../../protocol/models.ts"
import type { HttpContext } from "../server/http-env.ts"
import { answerText } from "../server/large-answer.ts"

interface ModelHandlers {
  /** `GET /v1/models`: every agent is a model. From memory. */
  readonly list: (context: HttpContext) => Response
  /** `GET /v1/models/{id}`: an agent's id or unique bare name; anything else is a 404, also where turns go to the manager. */
  readonly retrieve: (context: HttpContext) => Response
}

export function createModelHandlers({ engine }: { readonly engine: Engine }): ModelHandlers {
  return {
    list: (context) => context.json(toModelList(engine.agents())),
    retrieve: (context) => {
      const id = context.req.param("id") ?? ""
      const agent = engine.findAgent(id)
      if (agent === null) throw noAgent(engine.agents(), id, "model_not_found", "model")
      return context.json(toModel(agent))
    },
  }
}

/** What makes the document. */
export const openApiModule = new LaterPart(() => import("../../protocol/openapi/document.ts"))

/** `GET /openapi.json`. The document is made when somebody asks for it the first time: most services never are. */
export function createOpenApiHandler({
  version,
}: {
  readonly version: string
}): (context: HttpContext) => Promise<Response> {
  let text: string | null = null
  return async (context) => {
    const { openApiDocument } = await openApiModule.get()
    text ??= JSON.stringify(openApiDocument(version))
    return answerText(context, text, { "content-type": "application/json" })
  }
}
