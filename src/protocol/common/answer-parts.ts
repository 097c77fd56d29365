import type { WireObject } from "../responses/wire-items.ts"

/** A page as the API lists things. The ids of an empty one are empty texts: its document wants texts. */
export function toList(data: readonly WireObject[], hasMore: boolean): WireObject {
  return {
    object: "list",
    data,
    first_id: data.at(0)?.id ?? "",
    last_id: data.at(-1)?.id ?? "",
    has_more: hasMore,
  }
}
