import { includable } from "../responses/parameters.ts"
import type { JsonSchema } from "./request-forms.ts"

/** One parameter of a route's query, or a header. */
export interface QueryDescription {
  readonly name: string
  readonly note: string
  readonly schema: JsonSchema
}

/** Headers that turns read. */
export const turnHeaders: readonly QueryDescription[] = [
  {
    name: "Idempotency-Key",
    note: "Same key and body: the same answer, one run.",
    schema: { type: "string" },
  },
  {
    name: "X-Session-Id",
    note: "Names a conversation of the client's own; more names can be configured.",
    schema: { type: "string", maxLength: 512 },
  },
  {
    name: "X-On-Disconnect",
    note: "What a turn does when its client leaves.",
    schema: { enum: ["cancel", "continue"], default: "cancel" },
  },
  {
    name: "X-Client-Request-Id",
    note: "The client's own id of the request, for the log.",
    schema: { type: "string" },
  },
]

export const limit = (maximum: number, usual: number): QueryDescription => ({
  name: "limit",
  note: "Entries of a page.",
  schema: { type: "integer", minimum: 1, maximum, default: usual },
})
export const after: QueryDescription = {
  name: "after",
  note: "Id of the last entry of the page before.",
  schema: { type: "string" },
}
export const order = (usual: string): QueryDescription => ({
  name: "order",
  note: "`desc`: newest first.",
  schema: { enum: ["asc", "desc"], default: usual },
})
export const include: QueryDescription = {
  name: "include",
  note: "Checked; nothing is added.",
  schema: { type: "array", items: { enum: includable } },
}
export const page = (usualOrder: string) => [limit(100, 20), order(usualOrder), after]
export const purpose: QueryDescription = {
  name: "purpose",
  note: "Of this purpose only.",
  schema: { type: "string" },
}
export const flag = { type: "boolean", default: false }
