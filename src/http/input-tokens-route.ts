import type { Config } from "../config/config.ts"
import { ProxyError } from "../domain/errors.ts"
import type { Item } from "../domain/items.ts"
import type { ClientRequest } from "../domain/turn-request.ts"
import type { Engine } from "../engine/engine.ts"
import { parseResponsesRequest } from "../protocol/responses/request.ts"
import { isObject } from "../protocol/shape.ts"
import { estimateInputTokens } from "../protocol/token-estimate.ts"
import type { HttpContext } from "./http-env.ts"
import { readJsonBody } from "./json-body.ts"

const pageSize = 100

/**
 * `POST /v1/responses/input_tokens`: about how many tokens the request and the conversation before it are; see
 * `protocol/token-estimate.ts`. What the agent's CLI adds by itself is not in it.
 */
export function createInputTokensHandler({
  engine,
  config,
}: {
  readonly engine: Engine
  readonly config: Config
}): (context: HttpContext) => Promise<Response> {
  return async (context) => {
    const body = await readJsonBody(context, config.limits)
    if (!isObject(body)) throw new ProxyError("invalid_request", "The body must be a JSON object.")
    const hasInput = body.input !== undefined && body.input !== null
    // The same reading as for a response, which needs some input.
    const { turn } = parseResponsesRequest({ ...body, ...(!hasInput && { input: "-" }), background: false })
    const request = hasInput ? turn : { ...turn, input: [] }
    const tokens = estimateInputTokens(request, await pastOf(engine, context.var.principal, request))
    return context.json({ object: "response.input_tokens", input_tokens: tokens })
  }
}

type Past = Pick<ClientRequest, "previousResponseId" | "conversationId">

async function pastOf(engine: Engine, principal: string, past: Past): Promise<readonly Item[]> {
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
