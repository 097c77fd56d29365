import type { LiveResponse, ResponseLogReader } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { invalidRequest } from "../../protocol/common/shape.ts"
import { createResponsesEncoder, ItemTracker } from "../../protocol/responses/item-tracker.ts"
import { clientOf } from "../server/client-connection.ts"
import type { HttpContext } from "../server/http-env.ts"
import type { TurnParts } from "../server/route-parts.ts"
import { serverLabelOf } from "./earlier-items.ts"
import { answerSse, outgoingOf } from "./sse-writer.ts"

const eventsPerStep = 1024

/** Where in a log a reader goes on that has seen events up to a number of the wire. */
interface Place {
  /** Number of the first log entry to read. */
  readonly from: number
  /** Wire events up to this number are left out. */
  readonly after: number
  /** What is added to the numbers of the log. */
  readonly shift: number
}

/**
 * `GET /v1/responses/{id}?stream=true`: the response's events from the one behind `starting_after`
 * on, under the numbers that they always had, and as long as it runs. Any number of readers at
 * once.
 */
export async function replayResponse(
  context: HttpContext,
  id: string,
  startingAfter: number | null,
  { engine, config, bounds }: TurnParts,
): Promise<Response> {
  outgoingOf(context)
  const live = await engine.reopen(context.get("principal"), "response", id)
  const place = placeBehind(startingAfter ?? -1, live.log, hasLostEvents(live.record))
  const client = clientOf(context)
  try {
    // Whoever takes up the stream of a foreground answer is a client of it that may go, like the
    // one before.
    if (!live.record.isBackground) bounds.turns.cancelWhenGone(client, live, config.limits.disconnectGraceMs)
    const items = await trackItems(live, serverLabelOf(engine, live.record), place.from)
    return await answerSse(context, {
      log: live.log,
      held: live,
      readers: bounds.readers,
      from: place.from,
      encoder: createResponsesEncoder(items, place),
      headers: { "x-request-id": context.get("requestId") },
      keepAliveMs: config.limits.keepAliveMs,
      clientGone: client.gone,
    })
  } finally {
    client.release()
  }
}

/**
 * A failure is one entry of the log and two events of the wire, `error` with its number and
 * `response.failed` with the next one, so the last entry is read again by whoever has seen the
 * first of them only. A reader that has seen all gets `[DONE]` alone. One that has seen more than
 * there is saw a turn that the service did not outlive: what was not stored by then is lost, and it
 * gets the end that the turn was given, with the numbers behind its own. `hasLostEvents`: nobody
 * can tell then whether its last number was one of the end's or of a lost event, so that it gets
 * the end in any case.
 */
export function placeBehind(after: number, log: ResponseLogReader, hasLostEvents = false): Place {
  const from = after + 1
  if (from < log.length || (from === log.length && !log.isClosed)) return { from, after, shift: 0 }
  if (!log.isClosed) {
    throw invalidRequest(
      "starting_after",
      `There is no event number ${after} yet; the last one is number ${log.length - 1}.`,
    )
  }
  const end = Math.max(0, log.length - 1)
  const [last] = log.read(end, 1)
  const lastOfWire = last?.type === "failed" ? end + 1 : end
  const hasSeenMore = hasLostEvents || after > lastOfWire
  return { from: end, after, shift: hasSeenMore ? from - end : 0 }
}

/** The service died while the turn ran: events that had been sent may not have been stored. */
function hasLostEvents({ error }: ResponseRecord): boolean {
  return error?.code === "server_restarted"
}

/** The items as they are at event number `from`. */
async function trackItems(live: LiveResponse, serverLabel: string, from: number): Promise<ItemTracker> {
  const items = new ItemTracker(live, serverLabel)
  for (let sequence = 0; sequence < from; ) {
    for (const event of live.log.read(sequence, Math.min(eventsPerStep, from - sequence))) {
      items.follow(event, sequence)
      sequence += 1
    }
    // A long log must not keep everybody else from the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return items
}
