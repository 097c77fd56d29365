import type { Config } from "../../config/config.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { Engine } from "../../engine/engine.ts"
import { looseResponses } from "../../protocol/common/loose-forms.ts"
import { isEmptyList } from "../../protocol/common/parameters.ts"
import { isObject } from "../../protocol/common/shape.ts"
import { estimateInputTokens } from "../../protocol/common/token-estimate.ts"
import { parseResponsesRequest } from "../../protocol/responses/request.ts"
import { advisoryHeader } from "../guard/advisory-header.ts"
import { readLooseBody } from "../guard/json-body.ts"
import type { HttpContext } from "../server/http-env.ts"
import { pastOf } from "./past-items.ts"

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
    const body = await readLooseBody(context, config, looseResponses)
    if (!isObject(body)) throw new ProxyError("invalid_request", "The body must be a JSON object.")
    const hasInput = body.input !== undefined && body.input !== null && !isEmptyList(body.input)
    // The same reading as for a response, which needs some input.
    const { turn, advisory } = parseResponsesRequest({
      ...body,
      ...(!hasInput && { input: "-" }),
      background: false,
    })
    const request = hasInput ? turn : { ...turn, input: [] }
    const tokens = estimateInputTokens(request, await pastOf(engine, context.get("principal"), request))
    const counted = { object: "response.input_tokens", input_tokens: tokens }
    return context.json(counted, 200, advisoryHeader(advisory))
  }
}
