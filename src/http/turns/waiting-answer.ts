import type { ServerResponse } from "node:http"
import type { Config } from "../../config/config.ts"
import type { ProxyError } from "../../domain/errors.ts"
import { raceTimeout } from "../../domain/race-timeout.ts"
import { shownOf, toBegunErrorBody } from "../../protocol/common/errors.ts"
import { clientOf } from "../server/client-connection.ts"
import { answerError } from "../server/error-answer.ts"
import { type Handler, type HttpContext, targetOf } from "../server/http-env.ts"
import { answerBegun, answerJson } from "../server/large-answer.ts"
import { writeSigns } from "../server/settled.ts"

/** What a wait ends with, in both ways of telling it. */
export interface WaitedAnswer {
  /** With a status and headers of its own: nothing has been sent yet. */
  readonly whole: () => Response | Promise<Response>
  /** The JSON behind a status 200 that has been sent long ago. */
  readonly body: () => object
}

type Headers = Readonly<Record<string, string>>

interface Waiting {
  /** Longest silence on the wire. */
  readonly keepAliveMs: number
  /** Asked for when they have to be sent. */
  readonly headers: () => Headers
  /** Aborted when the client is gone. */
  readonly clientGone: AbortSignal
}

/**
 * Resolves as the work does, be it hours later. Clients and proxies give up a silent connection,
 * most of them after 60 s, and many ask again: so an answer that is not there in time begins with
 * its head and `sign`, and goes on with that.
 */
export async function beginInTime<T>(
  outgoing: ServerResponse,
  work: Promise<T>,
  sign: string,
  { keepAliveMs, headers, clientGone }: Waiting,
): Promise<T> {
  if ((await raceTimeout(work, keepAliveMs)) || clientGone.aborted) return work
  outgoing.writeHead(200, headers())
  outgoing.write(sign)
  return writeSigns(outgoing, work, { everyMs: keepAliveMs, gone: clientGone, sign: () => sign })
}

/**
 * Answers with what the work resolves to. White space stands in front of JSON that is late, and
 * what goes wrong behind that is told in the body: as `refusedBody` has it, or the error alone. An
 * answer that is there in time is as if there were no waiting.
 */
export async function answerInTime(
  context: HttpContext,
  work: Promise<WaitedAnswer>,
  waiting: Waiting & { readonly refusedBody?: (error: ProxyError) => object },
): Promise<Response> {
  const { outgoing } = context.env ?? {}
  if (outgoing === undefined) return (await work).whole()
  const headers = (): Headers => ({
    ...waiting.headers(),
    "x-request-id": context.get("requestId"),
    "content-type": "application/json",
    "cache-control": "no-transform",
    "x-accel-buffering": "no",
  })
  try {
    const answer = await beginInTime(outgoing, work, " ", { ...waiting, headers })
    return outgoing.headersSent ? answerBegun(context, answer.body()) : answer.whole()
  } catch (error) {
    if (!outgoing.headersSent) throw error
    context.set("failure", error)
    const { refusedBody = toBegunErrorBody } = waiting
    return answerBegun(context, refusedBody(shownOf(error, context.get("requestId"))))
  }
}

/** The same for plain data that has to be waited for. */
export async function answerOf(
  context: HttpContext,
  { limits: { keepAliveMs } }: Pick<Config, "limits">,
  find: () => Promise<object>,
): Promise<Response> {
  const client = clientOf(context)
  const work = find().then((value) => asAnswer(context, () => value))
  try {
    return await answerInTime(context, work, { keepAliveMs, headers: () => ({}), clientGone: client.gone })
  } finally {
    client.release()
  }
}

/** Handler of DELETE: what is gone is told by its id, and as an `object` of the API. */
export function deletion(
  config: Pick<Config, "limits">,
  object: string,
  remove: (principal: string, id: string) => Promise<void>,
): Handler {
  return (context) =>
    answerOf(context, config, async () => {
      const [principal, id] = targetOf(context)
      await remove(principal, id)
      return { id, object, deleted: true }
    })
}

/** Plain data, which is made when it is told. */
export function asAnswer(context: HttpContext, body: () => object, headers?: () => Headers): WaitedAnswer {
  return { whole: () => answerJson(context, body(), headers?.()), body }
}

/** A failure: with its status, or else as `body` has it. Noted for the log. */
export function asFailure(context: HttpContext, error: ProxyError, body: () => object): WaitedAnswer {
  return {
    whole: () => answerError(context, error),
    body: () => {
      context.set("failure", error)
      return body()
    },
  }
}
