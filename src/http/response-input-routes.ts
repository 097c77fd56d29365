import type { Engine } from "../engine/engine.ts"
import { toItemPage } from "../protocol/item-page.ts"
import { includable } from "../protocol/responses/parameters.ts"
import type { HttpContext } from "./http-env.ts"
import { answerJson } from "./large-answer.ts"
import { pageOf } from "./page-query.ts"
import { listQuery } from "./query-parameters.ts"
import { serverLabelOf } from "./server-label.ts"

/** `GET /v1/responses/{id}/input_items`: what the response was made from, newest first unless asked otherwise. */
export function createInputItemsHandler({
  engine,
}: {
  readonly engine: Engine
}): (context: HttpContext) => Promise<Response> {
  return async (context) => {
    const page = pageOf(context, "desc")
    listQuery(context, "include", includable)
    const principal = context.get("principal")
    const id = context.req.param("id") ?? ""
    const record = await engine.retrieve(principal, "response", id)
    const items = await engine.inputItems(principal, "response", id)
    return answerJson(context, toItemPage(items, page, serverLabelOf(engine, record)))
  }
}
