import type { Config } from "../../config/config.ts"
import type { ProxyError } from "../../domain/errors.ts"
import { shownOf, toBegunErrorBody } from "../../protocol/common/errors.ts"
import { clientOf } from "../server/client-connection.ts"
import { answerError } from "../server/error-answer.ts"
import type { HttpContext } from "../server/http-env.ts"
import { answerBegun, answerJson } from "../server/large-answer.ts"

/** What a wait ends with, in both ways of telling it. */
export interface WaitedAnswer {
  /** With a status and headers of its own: nothing has been sent yet. */
  readonly whole: () => Response | Promise<Response>
  /** The JSON behind a status 200 that has been sent long ago. */
  readonly body: () => object
}

export interface Waiting {
  /** Longest silence on the wire. */
  readonly keepAliveMs: number
  /** Besides those that make it JSON. Asked for when they have to be sent. */
  readonly headers: () => Readonly<Record<string, string>>
  /** Aborted when the client is gone. */
  readonly clientGone: AbortSignal
  /** A refusal as a body behind a status 200. Absent: the error alone. */
  readonly refusedBody?: (error: ProxyError) => object
}

/**
 * Answers with what the work resolves to, be it hours later. Clients and proxies give up a silent
 * connection, most of them after 60 s, and many ask again: so an answer that is not there in time
 * begins with its head and white space in front of the JSON, and goes on with white space. What
 * goes wrong after that is told in the body. An answer that is there in time is as if there were no
 * waiting.
 */
export async function answerInTime(
  context: HttpContext,
  work: Promise<WaitedAnswer>,
  waiting: Waiting,
): Promise<Response> {
  const { outgoing } = context.env ?? {}
  const isWhole = outgoing === undefined || (await isThereWithin(work, waiting.keepAliveMs))
  if (isWhole || waiting.clientGone.aborted) return (await work).whole()
  outgoing.writeHead(200, {
    ...waiting.headers(),
    "x-request-id": context.get("requestId"),
    "content-type": "application/json",
    "cache-control": "no-transform",
    "x-accel-buffering": "no",
  })
  const space = (): void => {
    // What a slow reader has not taken yet is a sign of life, too.
    if (!waiting.clientGone.aborted && !outgoing.writableNeedDrain) outgoing.write(" ")
  }
  space()
  const timer = setInterval(space, waiting.keepAliveMs)
  try {
    return answerBegun(context, (await work).body())
  } catch (error) {
    context.set("failure", error)
    const { refusedBody = toBegunErrorBody } = waiting
    return answerBegun(context, refusedBody(shownOf(error, context.get("requestId"))))
  } finally {
    clearInterval(timer)
  }
}

/** The same for plain data that has to be waited for. */
export async function answerOf(
  context: HttpContext,
  { config }: { readonly config: Pick<Config, "limits"> },
  find: () => Promise<object>,
): Promise<Response> {
  const client = clientOf(context)
  const work = find().then((value) => ({ whole: () => answerJson(context, value), body: () => value }))
  const { keepAliveMs } = config.limits
  try {
    return await answerInTime(context, work, { keepAliveMs, headers: () => ({}), clientGone: client.gone })
  } finally {
    client.release()
  }
}

/** A failure: with its status, or else as `body` has it. Noted for the log. */
export function failed(context: HttpContext, error: ProxyError, body: () => object): WaitedAnswer {
  return {
    whole: () => answerError(context, error),
    body: () => {
      context.set("failure", error)
      return body()
    },
  }
}

/** Resolves in time in any case, and never rejects. */
export function isThereWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms)
    const settle = (): void => {
      clearTimeout(timer)
      resolve(true)
    }
    work.then(settle, settle)
  })
}
