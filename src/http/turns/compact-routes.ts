import { ProxyError } from "../../domain/errors.ts"
import { answerText, type ContentPart, type Item } from "../../domain/items.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { failureOf, toBegunErrorBody } from "../../protocol/common/errors.ts"
import { isObject, type WireObject } from "../../protocol/common/shape.ts"
import { estimateInputTokens } from "../../protocol/common/token-estimate.ts"
import { responsesApi } from "../../protocol/responses/api.ts"
import { parseCompactRequest, toCompaction } from "../../protocol/responses/compact-request.ts"
import { parseResponsesRequest } from "../../protocol/responses/request.ts"
import { toWireItem } from "../../protocol/responses/wire-items.ts"
import { readLooseBody } from "../guard/json-body.ts"
import { advisoryHeader } from "../guard/query-parameters.ts"
import { clientOf } from "../server/client-connection.ts"
import type { Handler } from "../server/http-env.ts"
import type { TurnParts } from "../server/route-parts.ts"
import { pastOf } from "./earlier-items.ts"
import { resolved, submit } from "./submit.ts"
import { answerInTime, asAnswer, asFailure, type WaitedAnswer } from "./waiting-answer.ts"

/**
 * `POST /v1/responses/compact`: the agent sums a conversation up, in a turn like any other but on a
 * thread of its own that leaves nothing. The answer is input for the next request: the user's
 * messages, word for word, and the summary.
 */
export function createCompactHandler(parts: TurnParts): Handler {
  const { engine, config } = parts
  return async (context) => {
    const principal = context.get("principal")
    const body = await readLooseBody(context, config, responsesApi.loosen)
    const { turn, messages, advisory } = parseCompactRequest(
      await resolved(responsesApi, body, principal, engine),
    )
    const past = await pastOf(engine, principal, turn)
    const request = {
      ...turn,
      input: [...past, ...turn.input],
      inputPaths: [
        ...past.map(() => "previous_response_id"),
        ...turn.input.map((_, index) => `input[${index}]`),
      ],
      previousResponseId: null,
      sessionKey: null,
      resendsHistory: false,
    }
    const client = clientOf(context)
    const headers = advisoryHeader(advisory)
    const work = async (): Promise<WaitedAnswer> => {
      const { disconnectGraceMs: graceMs } = config.limits
      const live = await submit(parts, responsesApi, { principal, turn: request, client, graceMs })
      const record = await live.finished
      context.set("isAborted", client.gone.aborted)
      const summary = answerText(record.output)
      if (record.status !== "completed" || summary === "") {
        const error = failureOf(withReason(record))
        return asFailure(context, error, () => toBegunErrorBody(error))
      }
      const said = [...past.flatMap(userMessageOf), ...messages]
      return asAnswer(
        context,
        () => toCompaction(record, said, summary),
        () => headers,
      )
    }
    try {
      const { keepAliveMs } = config.limits
      return await answerInTime(context, work(), {
        keepAliveMs,
        headers: () => headers,
        clientGone: client.gone,
      })
    } finally {
      client.release()
    }
  }
}

function withReason(record: ResponseRecord): ResponseRecord {
  if (record.error !== null) return record
  const error = { code: "backend_error", message: "The agent wrote no summary.", modelStatus: null }
  return { ...record, error }
}

function userMessageOf(item: Item): WireObject[] {
  if (item.type !== "message" || item.role !== "user") return []
  return [toWireItem({ ...item, content: item.content.map(sendable) }, "")]
}

/** A file inside a request is not kept as such; the line that says where it lies is. */
function sendable(part: ContentPart): ContentPart {
  if (part.type !== "text" || part.origin === undefined) return part
  const { fileId, url } = part.origin
  return fileId === null && url === null ? { type: "text", text: part.text } : part
}

/**
 * `POST /v1/responses/input_tokens`: about how many tokens the request and the conversation before
 * it are: `protocol/common/token-estimate.ts`. What the agent's CLI adds by itself is not in it.
 */
export function createInputTokensHandler({ engine, config }: Pick<TurnParts, "engine" | "config">): Handler {
  return async (context) => {
    const body = await readLooseBody(context, config, responsesApi.loosen)
    if (!isObject(body)) throw new ProxyError("invalid_request", "The body must be a JSON object.")
    const { turn, advisory } = parseResponsesRequest({ ...body, background: false }, { needsInput: false })
    const tokens = estimateInputTokens(turn, await pastOf(engine, context.get("principal"), turn))
    const counted = { object: "response.input_tokens", input_tokens: tokens }
    return context.json(counted, 200, advisoryHeader(advisory))
  }
}
