import { ProxyError } from "../../domain/errors.ts"
import type { Item } from "../../domain/items.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { teamServer } from "../../domain/service-tools.ts"
import type { ClientRequest } from "../../domain/turn-request.ts"
import type { Engine } from "../../engine/engine.ts"
import { isObject } from "../../protocol/common/shape.ts"
import { toWireItem } from "../../protocol/responses/wire-items.ts"

const pageSize = 100

type Past = Pick<ClientRequest, "previousResponseId" | "conversationId">

/** Everything before a request, oldest first. Rejects with `previous_response_not_found` or `conversation_not_found`. */
export async function pastOf(engine: Engine, principal: string, past: Past): Promise<readonly Item[]> {
  const { previousResponseId: id, conversationId } = past
  if (id !== null) {
    try {
      const { output } = await engine.retrieve(principal, "response", id)
      return [...(await engine.inputItems(principal, "response", id)), ...output]
    } catch (error) {
      if (error instanceof ProxyError && error.code === "response_not_found") throw unknownPast(id)
      throw error
    }
  }
  return conversationId === null ? [] : itemsOf(engine, principal, conversationId)
}

async function itemsOf(engine: Engine, principal: string, conversationId: string): Promise<readonly Item[]> {
  const items: Item[] = []
  for (let after: string | null = null; ; ) {
    const page = await engine.conversations.listItems(principal, conversationId, {
      order: "asc",
      limit: pageSize,
      after,
    })
    items.push(...page.entries.map(({ item }) => item))
    const last = items.at(-1)
    if (!page.hasMore || last === undefined) return items
    after = last.id
  }
}

function unknownPast(id: string): ProxyError {
  return new ProxyError(
    "previous_response_not_found",
    `Previous response with id '${id.slice(0, 100)}' not found.`,
    { param: "previous_response_id" },
  )
}

/** More of them than any conversation has that a client still names item by item. */
const maxReferences = 5_000

/**
 * Puts the stored items in place of the references to them (`{"type": "item_reference", "id"}`, by the document also without
 * `type`), so that a body that names earlier output is read like one that resends it. Rejects with `item_not_found`.
 */
export async function withReferencedItems(
  body: unknown,
  principal: string,
  engine: Engine,
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
  const found = await engine.findItems(principal, ids)
  const items = new Map(
    found.map(({ item, agentId }) => [
      item.id,
      toWireItem(item, engine.findAgent(agentId ?? "")?.backend ?? "agent"),
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

/** Name under which tools appear that do not say whose they are: the kind of the agent's backend, or its id once it is gone. */
export function serverLabelOf(engine: Engine, { agentId }: ResponseRecord): string {
  return engine.findAgent(agentId)?.backend ?? agentId
}

/** True: a request declares a server that its agent does not have, as far as is known: those of a person's own are not. */
export function declaresOthers(labels: readonly string[], backend: string | null): boolean {
  return labels.some((label) => label !== backend && label !== teamServer)
}
