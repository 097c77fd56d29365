import * as z from "zod"
import type { ConversationRecord, Metadata } from "../../domain/conversations.ts"
import { seconds } from "../common/answer-parts.ts"
import { isEmptyList, metadata as metadataForm } from "../common/parameters.ts"
import { bodyOf, readShape, type WireObject, wrongField } from "../common/shape.ts"
import { inputItemForm, readItems } from "./input-items.ts"

/** The API's bound on the items of one request, at creation and afterwards. */
const maxItems = 20

const optionalMetadata = z.object({ metadata: metadataForm.nullish() })
export const requiredMetadata = z.object({ metadata: metadataForm.nullable() })

/** A new conversation as it is documented. */
export function newConversationForm(): z.ZodType {
  return optionalMetadata.extend({ items: z.array(inputItemForm()).max(maxItems).nullish() })
}

/** New items as they are documented. */
export function newItemsForm(): z.ZodType {
  return z.object({ items: z.array(inputItemForm()).min(1).max(maxItems) })
}

export interface NewConversation {
  readonly metadata: Metadata
  readonly items: ReturnType<typeof readItems>
}

/** Of `POST /v1/conversations`. Throws `invalid_request` with the field, as all of these. */
export function parseNewConversation(input: unknown): NewConversation {
  const { items, ...body } = bodyOf(input)
  const { metadata } = readShape(optionalMetadata, body, "")
  return { metadata: metadata ?? {}, items: items == null || isEmptyList(items) ? [] : readSome(items) }
}

/** Body of `POST /v1/conversations/{id}/items`. */
export function parseNewItems(input: unknown): NewConversation["items"] {
  return readSome(bodyOf(input).items)
}

/** Of a conversation or a stored completion: nothing but the metadata can be changed. */
export function parseMetadataUpdate(input: unknown): Metadata {
  return readShape(requiredMetadata, bodyOf(input), "").metadata ?? {}
}

export function toConversation(conversation: ConversationRecord): WireObject {
  return {
    id: conversation.id,
    object: "conversation",
    created_at: seconds(conversation.createdAt),
    metadata: conversation.metadata,
  }
}

function readSome(value: unknown): NewConversation["items"] {
  if (Array.isArray(value) && value.length > maxItems) {
    throw wrongField("items", `has ${value.length} entries; at most ${maxItems} are possible at once.`)
  }
  return readItems(value, "items")
}
