import { LaterPart } from "../../domain/later-part.ts"
import type { Engine } from "../../engine/engine.ts"
import { toModel, toModelList } from "../../protocol/models.ts"
import { idOf, type Routes } from "../server/http-env.ts"
import { answerString } from "../server/large-answer.ts"

/** What makes the document: most services are never asked for it. */
export function openApiModule() {
  return new LaterPart(() => import("../../protocol/openapi/document.ts"))
}

export type OpenApiModule = ReturnType<typeof openApiModule>

/** What there is to ask for: the agents, and the API itself. */
export function discoveryRoutes(
  engine: Pick<Engine, "agents" | "agentCalled">,
  openApi: OpenApiModule,
  version: string,
): Routes {
  let document: string | null = null
  return {
    "/openapi.json": {
      GET: async (context) => {
        const { openApiDocument } = await openApi.get()
        document ??= JSON.stringify(openApiDocument(version))
        return answerString(context, document, { "content-type": "application/json" })
      },
    },
    "/v1/models": {
      /** Every agent is a model. From memory. */
      GET: (context) => context.json(toModelList(engine.agents())),
    },
    "/v1/models/:id": {
      /** By id or unique bare name; else a 404, also where turns go to the manager. */
      GET: (context) => context.json(toModel(engine.agentCalled(idOf(context), "model_not_found", "model"))),
    },
  }
}
