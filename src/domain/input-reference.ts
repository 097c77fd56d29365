import type { ContentPart, ImageDetail, Item } from "./items.ts"

/** Content that has to be fetched, looked up or saved before an agent can have it. */
export interface InputReference {
  readonly type: "reference"
  readonly as: "image" | "file"
  readonly source:
    | { readonly kind: "url"; readonly url: string }
    | { readonly kind: "file_id"; readonly id: string }
    | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly mimeType: string | null }
  /** As the client wrote it: hostile. */
  readonly filename: string | null
  readonly detail?: ImageDetail
  /** Path of the field that refers, for errors: `input[0].content[1].file_id`. */
  readonly param: string
}

/** An item of a request as it came: parts may still be references. */
export type ClientItem = Item<ContentPart | InputReference>

/** Reads nothing: true where there is something to resolve. */
export function hasReferences(items: readonly ClientItem[]): boolean {
  return items.some((item) => partsOf(item).some((part) => part.type === "reference"))
}

/** The content of an item that clients may fill; none for all others. */
export function partsOf(item: ClientItem): readonly (ContentPart | InputReference)[] {
  if (item.type === "message") return item.content
  return item.type === "function_call_output" ? item.output : []
}
