import { ProxyError } from "../../domain/errors.ts"
import { isObject } from "../common/shape.ts"
import type { ItemSource } from "../common/wire-api.ts"
import { toWireItem } from "./wire-items.ts"

/** More of them than any conversation has that a client still names item by item. */
const maxReferences = 5_000

/**
 * Puts the stored items in place of the references to them (`{"type": "item_reference", "id"}`, by
 * the document also without `type`), so that a body that names earlier output is read like one that
 * resends it. Rejects with `item_not_found`.
 */
export async function withReferencedItems(
  body: unknown,
  principal: string,
  source: ItemSource,
): Promise<unknown> {
  if (!isObject(body) || !Array.isArray(body.input)) return body
  const input: readonly unknown[] = body.input
  const ids = [...new Set(input.map(referencedId).filter((id) => id !== null))]
  if (ids.length === 0) return body
  if (ids.length > maxReferences) {
    throw new ProxyError(
      "invalid_request",
      `'input' refers to ${ids.length} items; at most ${maxReferences} are possible.`,
      { param: "input" },
    )
  }
  const found = await source.findItems(principal, ids)
  const items = new Map(
    found.map(({ item, agentId }) => [
      item.id,
      toWireItem(item, source.findAgent(agentId ?? "")?.backend ?? "agent"),
    ]),
  )
  return {
    ...body,
    input: input.map((value, index) => {
      const id = referencedId(value)
      if (id === null) return value
      const item = items.get(id)
      if (item === undefined) throw notFound(id, `input[${index}]`)
      return item
    }),
  }
}

function referencedId(value: unknown): string | null {
  if (!isObject(value) || typeof value.id !== "string") return null
  if (value.type === "item_reference") return value.id
  return (value.type === undefined || value.type === null) && !("role" in value) ? value.id : null
}

function notFound(id: string, param: string): ProxyError {
  return new ProxyError(
    "item_not_found",
    `Item with id '${id.slice(0, 100)}' not found. Items of answers without 'store' are not kept: send the item itself.`,
    { param },
  )
}
