import { ProxyError } from "../../domain/errors.ts"
import type { Item } from "../../domain/items.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { teamServer } from "../../domain/service-tools.ts"
import type { ClientRequest } from "../../domain/turn-request.ts"
import type { Engine } from "../../engine/engine.ts"

const pageSize = 100

type Past = Pick<ClientRequest, "previousResponseId" | "conversationId">

/** Oldest first. Rejects with `previous_response_not_found` or `conversation_not_found`. */
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
  const problem = `Previous response with id '${id.slice(0, 100)}' not found.`
  return new ProxyError("previous_response_not_found", problem, { param: "previous_response_id" })
}

/** Whose tools they are that do not say it: the kind of the agent's backend; once gone, its id. */
export function serverLabelOf(engine: Engine, { agentId }: ResponseRecord): string {
  return engine.findAgent(agentId)?.backend ?? agentId
}

/** It declares a server that its agent has not, as far as we know: people's own are not known. */
export function declaresOthers(labels: readonly string[], backend: string | null): boolean {
  return labels.some((label) => label !== backend && label !== teamServer)
}
