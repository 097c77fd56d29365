import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import type { Config } from "../config/config.ts"
import { ProxyError } from "../domain/errors.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import { isEffortAdvisory } from "../engine/agent-fit.ts"
import type { Engine } from "../engine/engine.ts"
import type { IdempotencyKey } from "../engine/idempotency.ts"
import { failureOf } from "../protocol/errors.ts"
import type { ParsedRequest } from "../protocol/parsed-request.ts"
import { type AskingAgentOptions, askedByOf, askerOf } from "./asking-agent.ts"
import { type ClientConnection, cancelWhenGone, clientOf, holdTurn } from "./client-connection.ts"
import type { HttpContext } from "./http-env.ts"
import { idempotencyOf } from "./idempotency-header.ts"
import { readJsonBody } from "./json-body.ts"
import { answerJson } from "./large-answer.ts"
import { onDisconnectOf, sessionIn, sessionOf, taskOf } from "./request-headers.ts"
import { serverLabelOf } from "./server-label.ts"
import type { ServiceBounds } from "./service-bounds.ts"
import { writeSse } from "./sse-writer.ts"
import type { TurnApi } from "./turn-api.ts"
import { answerInTime, failed, type WaitedAnswer } from "./waiting-answer.ts"

export interface TurnRouteOptions extends AskingAgentOptions {
  readonly engine: Engine
  readonly config: Config
  readonly bounds: ServiceBounds
}

/** Handler of an endpoint that runs a turn: read, submit, then stream the log or wait for its end. */
export function createTurnHandler(
  api: TurnApi,
  { engine, config, bounds, agentTokens }: TurnRouteOptions,
): (context: HttpContext) => Promise<Response> {
  return handle

  async function handle(context: HttpContext): Promise<Response> {
    const onDisconnect = onDisconnectOf(context)
    const ofHeaders = sessionOf(context, config.sessionHeaders)
    const body = await readJsonBody(context, config.limits)
    const session = sessionIn(body, ofHeaders)
    const request = api.parse((await api.prepare?.(body, context.var.principal, engine)) ?? body)
    const sideRequest = taskOf(context) ?? request.turn.sideRequest
    const idempotency = idempotencyOf(context, body, session.sessionKey)
    const { outgoing } = context.env ?? {}
    if (request.stream && outgoing === undefined)
      throw new Error("Streams need the Node server around the app.")

    const asker = askerOf(context, { engine, agentTokens })
    const asked = asker === null ? null : engine.findAgent(request.turn.model)
    const askedBy = askedByOf(asker, asked?.id ?? null, config.limits.teamDepth)
    const turn = { ...request.turn, ...session, ...askedBy, sideRequest }
    const client = clientOf(context)
    const begin = async (): Promise<LiveResponse> => {
      const live = await engine.submit(context.var.principal, turn, idempotency).catch((error: unknown) => {
        throw inWordsOf(api, error)
      })
      // Who sends a key comes back for the answer, and it must be the whole one.
      const hasKey = idempotency !== null && idempotency.attempt === undefined
      if (onDisconnect === "continue" || live.record.isBackground || hasKey) holdTurn(live)
      else cancelWhenGone(client, live, graceMsOf(request, idempotency))
      return live
    }
    try {
      return request.stream && outgoing !== undefined
        ? await stream(context, await begin(), request, client)
        : await answerWhole(context, begin, request, client, idempotency?.attempt === "repeat")
    } finally {
      client.release()
    }
  }

  async function stream(
    context: HttpContext,
    live: LiveResponse,
    request: ParsedRequest,
    client: ClientConnection,
  ): Promise<Response> {
    const { outgoing } = context.env
    if (outgoing === undefined) return RESPONSE_ALREADY_SENT
    try {
      await writeSse(outgoing, {
        log: live.log,
        held: live,
        readers: bounds.readers,
        encoder: api.createEncoder(live, request, serverLabelOf(engine, live.record)),
        headers: { "x-request-id": context.var.requestId, ...advisoryHeader(live, request) },
        keepAliveMs: config.limits.keepAliveMs,
        clientGone: client.gone,
      })
    } catch (error) {
      // The status is out; the connection is cut, which is all that can be told, and the log gets the rest.
      context.set("failure", error)
    }
    context.set("isAborted", client.gone.aborted)
    return RESPONSE_ALREADY_SENT
  }

  function answerWhole(
    context: HttpContext,
    begin: () => Promise<LiveResponse>,
    request: ParsedRequest,
    client: ClientConnection,
    isRepeat: boolean,
  ): Promise<Response> {
    let headers: Record<string, string> = {}
    const work = async (): Promise<WaitedAnswer> => {
      const live = await begin()
      headers = advisoryHeader(live, request)
      const isAwaited = !live.record.isBackground
      const record = isAwaited ? await live.finished : live.record
      context.set("isAborted", client.gone.aborted)
      const serverLabel = serverLabelOf(engine, record)
      if (record.status === "failed" && isAwaited) {
        return failed(context, failureOf(record), () => api.toFailedAnswer(record, serverLabel))
      }
      // Its client hung up and came back too late: half an answer would be taken for one.
      if (record.status === "cancelled" && isRepeat) return failed(context, interrupted)
      const body = (): object => api.toAnswer(record, serverLabel)
      return { whole: () => answerJson(context, body(), headers), body }
    }
    const { keepAliveMs } = config.limits
    return answerInTime(context, work(), { keepAliveMs, headers: () => headers, clientGone: client.gone })
  }

  /** Whoever repeats by itself comes back for a whole answer; a stream is not repeated once it has begun. */
  function graceMsOf({ stream }: ParsedRequest, idempotency: IdempotencyKey | null): number {
    const { disconnectGraceMs, repeatGraceMs } = config.limits
    return stream || idempotency === null ? disconnectGraceMs : Math.max(disconnectGraceMs, repeatGraceMs)
  }

  function advisoryHeader(live: LiveResponse, { advisory, turn }: ParsedRequest): Record<string, string> {
    const capabilities = engine.findAgent(live.record.agentId)?.capabilities ?? null
    const names = [
      ...advisory,
      ...(isEffortAdvisory(capabilities, turn.effort) ? [api.effortField] : []),
      // No agent's name: the manager answers, whatever model is meant.
      ...(engine.findAgent(turn.model) === null ? ["model"] : []),
    ]
    return names.length === 0 ? {} : { "x-advisory-parameters": names.join(", ") }
  }
}

const interrupted = new ProxyError(
  "interrupted",
  "The turn was interrupted, for its client had hung up. What it has done is done; the next message of the conversation goes on " +
    "behind it.",
  { hasActed: true },
)

/** The engine names the fields of a response body, whatever the endpoint. */
function inWordsOf({ fieldNames }: TurnApi, error: unknown): unknown {
  if (!(error instanceof ProxyError) || error.param === null) return error
  const param = fieldNames[error.param]
  if (param === undefined) return error
  const { code, message, retryAfterSeconds } = error
  return new ProxyError(code, message, {
    param,
    cause: error,
    ...(retryAfterSeconds !== null && { retryAfterSeconds }),
  })
}
