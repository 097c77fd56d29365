import { ProxyError } from "../../domain/errors.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ClientRequest } from "../../domain/turn-request.ts"
import type { Engine, IdempotencyKey } from "../../engine/engine.ts"
import type { WireApi } from "../../protocol/common/wire-api.ts"
import type { ClientConnection } from "../server/client-connection.ts"
import type { TurnParts } from "../server/route-parts.ts"

interface Submission {
  readonly principal: string
  readonly turn: ClientRequest
  readonly client: ClientConnection
  /** How long a client is waited for that has gone; null: its turn goes on without it. */
  readonly graceMs: number | null
  readonly idempotency?: IdempotencyKey | null
}

/** The one way of a request into the engine. Rejects in words of the client's API. */
export async function submit(
  { engine, bounds }: Pick<TurnParts, "engine" | "bounds">,
  { fieldNames }: Pick<WireApi, "fieldNames">,
  { principal, turn, client, graceMs, idempotency = null }: Submission,
): Promise<LiveResponse> {
  const live = await engine.submit(principal, turn, idempotency).catch((error: unknown) => {
    throw inWordsOf(fieldNames, error)
  })
  if (graceMs === null || live.record.isBackground) bounds.turns.hold(live)
  else bounds.turns.cancelWhenGone(client, live, graceMs)
  return live
}

/** A body with all that it refers to. */
export async function resolved(
  api: WireApi,
  body: unknown,
  principal: string,
  engine: Engine,
): Promise<unknown> {
  return (await api.resolve?.(body, principal, engine)) ?? body
}

function inWordsOf(fieldNames: WireApi["fieldNames"], error: unknown): unknown {
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
