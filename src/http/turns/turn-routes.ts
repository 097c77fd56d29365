import { createHash } from "node:crypto"
import type { Capabilities } from "../../domain/agents.ts"
import type { ProxyError, TurnError } from "../../domain/errors.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { IdempotencyKey } from "../../engine/engine.ts"
import { failureOf, shownOf } from "../../protocol/common/errors.ts"
import { invalidRequest } from "../../protocol/common/shape.ts"
import type { ParsedRequest, WireApi } from "../../protocol/common/wire-api.ts"
import { askedByOf, askerOf } from "../guard/asking-agent.ts"
import { readLooseBody } from "../guard/json-body.ts"
import { advisoryHeader } from "../guard/query-parameters.ts"
import { onDisconnectOf, sessionIn, sessionOf, taskOf } from "../guard/request-headers.ts"
import { type ClientConnection, clientOf } from "../server/client-connection.ts"
import type { Handler, HttpContext } from "../server/http-env.ts"
import type { RouteParts } from "../server/route-parts.ts"
import { declaresOthers, serverLabelOf } from "./earlier-items.ts"
import { answerSse, outgoingOf, sseHeaders } from "./sse-writer.ts"
import { resolved, submit } from "./submit.ts"
import { answerInTime, asAnswer, asFailure, beginInTime, type WaitedAnswer } from "./waiting-answer.ts"

type TurnRouteParts = Pick<RouteParts, "engine" | "config" | "bounds" | "agentTokens">

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

/** Handler of what runs a turn: read, submit, then stream the log or wait for its end. */
export function createTurnHandler(api: WireApi, parts: TurnRouteParts): Handler {
  const route = new TurnRoute(api, parts)
  return async (context) => {
    const asking = await route.read(context)
    try {
      return await (asking.request.stream ? route.stream(asking) : route.answerWhole(asking))
    } finally {
      asking.client.release()
    }
  }
}

class TurnRoute {
  readonly #api: WireApi
  readonly #parts: TurnRouteParts

  constructor(api: WireApi, parts: TurnRouteParts) {
    this.#api = api
    this.#parts = parts
  }

  async read(context: HttpContext): Promise<Asking> {
    const { engine, config } = this.#parts
    const principal = context.get("principal")
    const onDisconnect = onDisconnectOf(context)
    const ofHeaders = sessionOf(context, config.sessionHeaders)
    const body = await readLooseBody(context, config, this.#api.loosen)
    const session = sessionIn(body, ofHeaders)
    const request = this.#api.parse(await resolved(this.#api, body, principal, engine))
    const sideRequest = taskOf(context) ?? request.turn.sideRequest
    const idempotency = idempotencyOf(context, body, session.sessionKey)
    const asker = askerOf(context, this.#parts)
    const asked = asker === null ? null : engine.findAgent(request.turn.model)
    const askedBy = askedByOf(asker, asked?.id ?? null, config.limits.teamDepth)
    const turn = { ...request.turn, ...session, ...askedBy, sideRequest }
    const client = clientOf(context)
    const isRepeat = idempotency?.attempt === "repeat"
    // Who sends a key comes back for the answer, and it must be the whole one.
    const hasKey = idempotency !== null && idempotency.attempt === undefined
    const graceMs = onDisconnect === "continue" || hasKey ? null : this.#graceMsOf(request, idempotency)
    const begin = async (): Promise<LiveResponse> => {
      const live = await submit(this.#parts, this.#api, { principal, turn, client, graceMs, idempotency })
      return isRepeat ? wholeOrFailed(live) : live
    }
    return { context, begin, request, client, isRepeat }
  }

  async stream(asking: Asking): Promise<Response> {
    const { context, request, client } = asking
    const { engine, config, bounds } = this.#parts
    const outgoing = outgoingOf(context)
    const requestId = context.get("requestId")
    const headers = (live: LiveResponse | null): Record<string, string> => ({
      "x-request-id": requestId,
      ...this.#advisoryOf(live, request),
    })
    const { keepAliveMs } = config.limits
    // What the request refers to may have to be fetched. Blank lines are no event to anybody: none
    // may come before those of a turn that is there, and behind a comment some clients lose an
    // error.
    const live = await beginInTime(outgoing, beginStream(asking), "\n", {
      keepAliveMs,
      headers: () => ({ ...sseHeaders, ...headers(null) }),
      clientGone: client.gone,
    }).catch((error: unknown) => {
      if (!outgoing.headersSent) throw error
      context.set("failure", error)
      return this.#refused(asking, shownOf(error, requestId))
    })
    return answerSse(context, {
      log: live.log,
      held: live,
      readers: bounds.readers,
      encoder: this.#api.createEncoder(live, request, serverLabelOf(engine, live.record)),
      headers: headers(live),
      keepAliveMs,
      clientGone: client.gone,
    })
  }

  answerWhole(asking: Asking): Promise<Response> {
    const { context, request, client } = asking
    const { engine, config } = this.#parts
    let begun: LiveResponse | null = null
    const headers = (): Record<string, string> => this.#advisoryOf(begun, request)
    const failedAnswer = (record: ResponseRecord): object =>
      this.#api.toFailedAnswer(record, serverLabelOf(engine, record))
    const work = async (): Promise<WaitedAnswer> => {
      const live = await asking.begin()
      begun = live
      const isAwaited = !live.record.isBackground
      const record = isAwaited ? await live.finished : live.record
      context.set("isAborted", client.gone.aborted)
      if (record.status === "failed" && isAwaited) {
        return asFailure(context, failureOf(record), () => failedAnswer(record))
      }
      return asAnswer(context, () => this.#api.toAnswer(record, serverLabelOf(engine, record)), headers)
    }
    return answerInTime(context, work(), {
      keepAliveMs: config.limits.keepAliveMs,
      headers,
      clientGone: client.gone,
      refusedBody: (error) => failedAnswer(this.#refused(asking, error).record),
    })
  }

  /** Who repeats by itself comes back for a whole answer; a begun stream is not repeated. */
  #graceMsOf({ stream }: ParsedRequest, idempotency: IdempotencyKey | null): number {
    const { disconnectGraceMs, repeatGraceMs } = this.#parts.config.limits
    return stream || idempotency === null ? disconnectGraceMs : Math.max(disconnectGraceMs, repeatGraceMs)
  }

  #refused({ context, request }: Asking, error: ProxyError): LiveResponse {
    return this.#parts.engine.refused(context.get("principal"), request.turn, error)
  }

  /** `live`: null as long as the turn is planned. */
  #advisoryOf(
    live: LiveResponse | null,
    { advisory, declaredServers, turn }: ParsedRequest,
  ): Record<string, string> {
    const { engine } = this.#parts
    const agent = engine.findAgent(live?.record.agentId ?? turn.model)
    const { capabilities = null, backend = null } = agent ?? {}
    const { "reasoning.effort": effortField = "reasoning.effort" } = this.#api.fieldNames
    return advisoryHeader([
      ...advisory,
      ...(isUnvouched(turn.effort, capabilities) ? [effortField] : []),
      ...(declaresOthers(declaredServers, backend) ? ["tools.mcp"] : []),
      // No agent's name: the manager answers, whatever model is meant.
      ...(engine.findAgent(turn.model) === null ? ["model"] : []),
    ])
  }
}

/** A repeat of a turn that failed is not streamed: the failure has a status of its own. */
async function beginStream({ begin, isRepeat }: Asking): Promise<LiveResponse> {
  const live = await begin()
  if (isRepeat && live.record.status === "failed") throw failureOf(live.record)
  return live
}

/** True where nothing vouches for the effort that a client asks for: it may be without effect. */
function isUnvouched(effort: string | null, capabilities: Capabilities | null): boolean {
  return effort !== null && capabilities !== null && !capabilities.efforts.includes(effort)
}

/**
 * The header `Idempotency-Key`: the same request under the same key is answered with the same
 * answer, and run once. What makes a request the same are its path, its body and the conversation
 * that a header names. Without that header, the official clients say how often they have sent a
 * request before (`x-stainless-retry-count`, from 0): only what says so is a repeat.
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

const interrupted: TurnError = {
  code: "interrupted",
  message:
    "The turn was interrupted, for its client had hung up. What it has done is done; the next message of the conversation goes on " +
    "behind it.",
  modelStatus: null,
  mayHaveActed: true,
}

/** For a client that comes back: half an answer would be taken for a whole one, so it fails. */
function wholeOrFailed(live: LiveResponse): LiveResponse {
  const { id, log } = live
  return {
    id,
    get record() {
      return withoutHalf(live.record)
    },
    log: {
      get length() {
        return log.length
      },
      get isClosed() {
        return log.isClosed
      },
      read: (from, limit) =>
        log.read(from, limit).map((event) => (event.type === "cancelled" ? { type: "failed" } : event)),
      waitFor: (from) => log.waitFor(from),
    },
    finished: live.finished.then(withoutHalf),
    cancel: () => live.cancel(),
  }
}

function withoutHalf(record: ResponseRecord): ResponseRecord {
  return record.status === "cancelled" ? { ...record, status: "failed", error: interrupted } : record
}
