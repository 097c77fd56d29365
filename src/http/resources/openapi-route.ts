import { LaterPart } from "../../domain/later-part.ts"
import type { HttpContext } from "../server/http-env.ts"
import { answerText } from "../server/large-answer.ts"

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
