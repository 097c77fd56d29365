import type { PageRequest } from "../domain/conversations.ts"
import { unknownValue } from "../protocol/shape.ts"
import type { HttpContext } from "./http-env.ts"
import { integerQuery } from "./query-parameters.ts"

const maxPageSize = 100
const usualPageSize = 20

/** `limit`, `order` and `after` of a list. Throws `invalid_request` that names the one at fault. */
export function pageOf(context: HttpContext, usualOrder: PageRequest["order"]): PageRequest {
  const order = context.req.query("order") ?? usualOrder
  if (order !== "asc" && order !== "desc") throw unknownValue("order", ["asc", "desc"], order)
  return {
    order,
    limit: integerQuery(context, "limit", 1, maxPageSize) ?? usualPageSize,
    after: context.req.query("after") ?? null,
  }
}
