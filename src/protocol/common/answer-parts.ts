import type { FileChangeItem } from "../../domain/items.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { WireObject } from "./shape.ts"

/** A page of a list. The ids of an empty one are empty: the API's document wants texts. */
export function toList(data: readonly WireObject[], hasMore: boolean): WireObject {
  return {
    object: "list",
    data,
    first_id: data.at(0)?.id ?? "",
    last_id: data.at(-1)?.id ?? "",
    has_more: hasMore,
  }
}

/** Why a turn ended early: the API's own words where the record has them, else ours. */
export function incompleteReason(record: ResponseRecord): string {
  return record.error?.code ?? "interrupted"
}

/** Milliseconds, as the domain counts, to the API's whole seconds. */
export function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1000)
}

/** One line for each file: `edited src/a.ts`. */
export function editLines(item: FileChangeItem): string {
  const verbs = { add: "added", update: "edited", delete: "deleted" } as const
  return item.changes.map((change) => `${verbs[change.kind]} ${change.path}`).join("\n")
}
