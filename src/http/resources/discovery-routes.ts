import { LaterPart } from "../../domain/later-part.ts"
import type { Engine } from "../../engine/engine.ts"
import { toModel, toModelList } from "../../protocol/models.ts"
import type { Routes } from "../server/http-env.ts"
import { answerText } from "../server/large-answer.ts"

/** What makes the document. */
export const openApiModule = new LaterPart(() => import("../../protocol/openapi/document.ts"))

/** What there is to ask for: the agents, and the API itself. */
export function discoveryRoutes({
  engine,
  version,
}: {
  readonly engine: Engine
  readonly version: string
}): Routes {
  let document: string | null = null
  return {
    "/openapi.json": {
      /** Made when somebody asks for it the first time: most services never are. */
      GET: async (context) => {
        const { openApiDocument } = await openApiModule.get()
        document ??= JSON.stringify(openApiDocument(version))
        return answerText(context, document, { "content-type": "application/json" })
      },
    },
    "/v1/models": {
      /** Every agent is a model. From memory. */
      GET: (context) => context.json(toModelList(engine.agents())),
    },
    "/v1/models/:id": {
      /**
       * An agent's id or unique bare name; anything else is a 404, also where turns go to the
       * manager.
       */
      GET: (context) => {
        const id = context.req.param("id") ?? ""
        return context.json(toModel(engine.agentCalled(id, "model_not_found", "model")))
      },
    },
  }
}
