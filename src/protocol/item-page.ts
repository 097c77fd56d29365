import type { PageRequest } from "../domain/conversations.ts"
import type { Item } from "../domain/items.ts"
import { toList } from "./list.ts"
import { invalidRequest } from "./shape.ts"
import { toWireItem, type WireObject } from "./wire-items.ts"

/** One page of items, which come oldest first. Throws `invalid_request` when `after` is none of them. */
export function toItemPage(items: readonly Item[], page: PageRequest, serverLabel: string): WireObject {
  const { order, limit, after } = page
  const ordered = order === "asc" ? items : items.toReversed()
  const start = after === null ? 0 : ordered.findIndex(({ id }) => id === after) + 1
  if (after !== null && start === 0) {
    throw invalidRequest("after", `No item with the id '${after.slice(0, 100)}' is in this list.`)
  }
  const data = ordered.slice(start, start + limit).map((item) => toWireItem(item, serverLabel))
  return toList(data, start + data.length < ordered.length)
}
