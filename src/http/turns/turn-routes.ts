import { createHash } from "node:crypto"
import type { ServerResponse } from "node:http"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import type { Config } from "../../config/config.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { isEffortAdvisory } from "../../engine/agents/agent-fit.ts"
import type { Engine } from "../../engine/engine.ts"
import type { IdempotencyKey } from "../../engine/request/idempotency.ts"
import { failureOf, shownOf } from "../../protocol/common/errors.ts"
import { invalidRequest } from "../../protocol/common/shape.ts"
import type { ParsedRequest } from "../../protocol/common/wire-api.ts"
import { type AskingAgentOptions, askedByOf, askerOf } from "../guard/asking-agent.ts"
import { readLooseBody } from "../guard/json-body.ts"
import { advisoryHeader } from "../guard/query-parameters.ts"
import { onDisconnectOf, sessionIn, sessionOf, taskOf } from "../guard/request-headers.ts"
import { type ClientConnection, cancelWhenGone, clientOf, holdTurn } from "../server/client-connection.ts"
import type { HttpContext } from "../server/http-env.ts"
import { answerJson } from "../server/large-answer.ts"
import type { ServiceBounds } from "../server/service-bounds.ts"
import { declaresOthers, serverLabelOf } from "./earlier-items.ts"
import { refusedTurn, wholeOrFailed } from "./refused-turn.ts"
import { sseHeaders, writeSse } from "./sse-writer.ts"
import type { TurnApi } from "./turn-api.ts"
import { answerInTime, failed, isThereWithin, type WaitedAnswer, type Waiting } from "./waiting-answer.ts"

interface TurnRouteOptions extends AskingAgentOptions {
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
    const body = await readLooseBody(context, config, api.loosen)
    const session = sessionIn(body, ofHeaders)
    const request = api.parse((await api.prepare?.(body, context.get("principal"), engine)) ?? body)
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
    const isRepeat = idempotency?.attempt === "repeat"
    const begin = async (): Promise<LiveResponse> => {
      const live = await engine
        .submit(context.get("principal"), turn, idempotency)
        .catch((error: unknown) => {
          throw inWordsOf(api, error)
        })
      // Who sends a key comes back for the answer, and it must be the whole one.
      const hasKey = idempotency !== null && idempotency.attempt === undefined
      if (onDisconnect === "continue" || live.record.isBackground || hasKey) holdTurn(live)
      else cancelWhenGone(client, live, graceMsOf(request, idempotency))
      return isRepeat ? wholeOrFailed(live) : live
    }
    const asking = { context, begin, request, client, isRepeat }
    try {
      return request.stream && outgoing !== undefined
        ? await stream(asking, outgoing)
        : await answerWhole(asking)
    } finally {
      client.release()
    }
  }

  async function stream(asking: Asking, outgoing: ServerResponse): Promise<Response> {
    const { context, request, client } = asking
    const requestId = context.get("requestId")
    const headers = (live: LiveResponse | null): Record<string, string> => ({
      "x-request-id": requestId,
      ...advisoryOf(live, request),
    })
    const { keepAliveMs } = config.limits
    const waiting = { keepAliveMs, headers: () => headers(null), clientGone: client.gone }
    const live = await headInTime(outgoing, beginStream(asking), waiting).catch((error: unknown) => {
      if (!outgoing.headersSent) throw error
      context.set("failure", error)
      return refused(asking, shownOf(error, requestId))
    })
    try {
      await writeSse(outgoing, {
        log: live.log,
        held: live,
        readers: bounds.readers,
        encoder: api.createEncoder(live, request, serverLabelOf(engine, live.record)),
        headers: headers(live),
        keepAliveMs,
        clientGone: client.gone,
      })
    } catch (error) {
      // The status is out; the connection is cut, which is all that can be told, and the log gets the rest.
      context.set("failure", error)
    }
    context.set("isAborted", client.gone.aborted)
    return RESPONSE_ALREADY_SENT
  }

  /** Of a repeat whose turn has failed, nothing is streamed as if it went on: its failure has a status of its own. */
  async function beginStream({ begin, isRepeat }: Asking): Promise<LiveResponse> {
    const live = await begin()
    if (isRepeat && live.record.status === "failed") throw failureOf(live.record)
    return live
  }

  function answerWhole(asking: Asking): Promise<Response> {
    const { context, request, client } = asking
    let begun: LiveResponse | null = null
    const headers = (): Record<string, string> => advisoryOf(begun, request)
    const work = async (): Promise<WaitedAnswer> => {
      const live = await asking.begin()
      begun = live
      const isAwaited = !live.record.isBackground
      const record = isAwaited ? await live.finished : live.record
      context.set("isAborted", client.gone.aborted)
      if (record.status === "failed" && isAwaited) {
        return failed(context, failureOf(record), () => failedAnswer(record))
      }
      const body = (): object => api.toAnswer(record, serverLabelOf(engine, record))
      return { whole: () => answerJson(context, body(), headers()), body }
    }
    return answerInTime(context, work(), {
      keepAliveMs: config.limits.keepAliveMs,
      headers,
      clientGone: client.gone,
      refusedBody: (error) => failedAnswer(refused(asking, error).record),
    })
  }

  function failedAnswer(record: ResponseRecord): object {
    return api.toFailedAnswer(record, serverLabelOf(engine, record))
  }

  function refused({ context, request }: Asking, error: ProxyError): LiveResponse {
    return refusedTurn(error, context.get("principal"), request.turn)
  }

  /** Whoever repeats by itself comes back for a whole answer; a stream is not repeated once it has begun. */
  function graceMsOf({ stream }: ParsedRequest, idempotency: IdempotencyKey | null): number {
    const { disconnectGraceMs, repeatGraceMs } = config.limits
    return stream || idempotency === null ? disconnectGraceMs : Math.max(disconnectGraceMs, repeatGraceMs)
  }

  /** `live`: null as long as the turn is planned. */
  function advisoryOf(
    live: LiveResponse | null,
    { advisory, declaredServers, turn }: ParsedRequest,
  ): Record<string, string> {
    const agent = engine.findAgent(live?.record.agentId ?? turn.model)
    const { capabilities = null, backend = null } = agent ?? {}
    const names = [
      ...advisory,
      ...(isEffortAdvisory(capabilities, turn.effort) ? [api.effortField] : []),
      ...(declaresOthers(declaredServers, backend) ? ["tools.mcp"] : []),
      // No agent's name: the manager answers, whatever model is meant.
      ...(engine.findAgent(turn.model) === null ? ["model"] : []),
    ]
    return advisoryHeader(names)
  }
}

/** One request on its way to its answer. */
interface Asking {
  readonly context: HttpContext
  /** Submits it; rejects with what the API's client is told. */
  readonly begin: () => Promise<LiveResponse>
  readonly request: ParsedRequest
  readonly client: ClientConnection
  /** Its client repeats it by itself, and wants the whole answer. */
  readonly isRepeat: boolean
}

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

/**
 * Resolves with what the work resolves to, which is what a stream is made from. One that is not there in time, as what the request
 * refers to has to be fetched, begins with its head and goes on with blank lines, which are no event to anybody: none may come before
 * those of a turn that is there, and behind a comment some clients lose an error.
 */
async function headInTime<T>(
  outgoing: ServerResponse,
  work: Promise<T>,
  { keepAliveMs, headers, clientGone }: Waiting,
): Promise<T> {
  if ((await isThereWithin(work, keepAliveMs)) || clientGone.aborted) return work
  outgoing.writeHead(200, { ...sseHeaders, ...headers() })
  const blankLine = (): void => {
    if (!clientGone.aborted && !outgoing.writableNeedDrain) outgoing.write("\n")
  }
  blankLine()
  const timer = setInterval(blankLine, keepAliveMs)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

/**
 * The header `Idempotency-Key`: the same request under the same key is answered with the same answer, and run once. What
 * makes a request the same are its path, its body and the conversation that a header names. Without that header, the official
 * clients say how often they have sent a request before (`x-stainless-retry-count`, from 0): only what says so is a repeat.
 */
function idempotencyOf(
  context: HttpContext,
  body: unknown,
  sessionKey: string | null,
): IdempotencyKey | null {
  const key = context.req.header("idempotency-key")
  const retryCount = context.req.header("x-stainless-retry-count")
  const identity = (): string => {
    const text = JSON.stringify([context.req.path, sessionKey, body])
    return createHash("sha256").update(text).digest("hex")
  }
  if (key === undefined) {
    if (retryCount === undefined || !/^\d{1,4}$/.test(retryCount)) return null
    const requestHash = identity()
    // No client's own key has a space.
    return {
      key: `repeat of ${requestHash}`,
      requestHash,
      attempt: Number(retryCount) === 0 ? "first" : "repeat",
    }
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalidRequest(
      "idempotency-key",
      "The header Idempotency-Key must be 1 to 255 visible ASCII characters.",
    )
  }
  return { key, requestHash: identity() }
}
