import type { ResponseEvent } from "../../domain/response-events.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import { looseResponses } from "../common/loose-forms.ts"
import type { EventEncoder, WireApi } from "../common/wire-api.ts"
import { encodeResponsesSse, keepAliveSse, toWireEvents, type WireEvent } from "./events.ts"
import { withReferencedItems } from "./item-references.ts"
import { ItemTracker } from "./item-tracker.ts"
import { responsesParameters } from "./parameters.ts"
import { parseResponsesRequest } from "./request.ts"
import { toResponse } from "./resource.ts"

/** `POST /v1/responses` */
export const responsesApi: WireApi = {
  parameters: responsesParameters,
  loosen: looseResponses,
  resolve: withReferencedItems,
  parse: parseResponsesRequest,
  fieldNames: { outputSchema: "text.format", previousResponseId: "previous_response_id" },
  createEncoder: (live, _request, serverLabel) => createResponsesEncoder(new ItemTracker(live, serverLabel)),
  toAnswer: toResponse,
  toFailedAnswer: toResponse,
}

/**
 * `items` are as they are at the event where the reader begins; events of the wire up to number
 * `after` are left out where the log's entry has more than one; `shift` is added to the numbers of
 * the log.
 */
export function createResponsesEncoder(
  items: ItemTracker,
  { after, shift } = { after: -1, shift: 0 },
): EventEncoder {
  return {
    encode(event, sequence) {
      items.follow(event, sequence)
      return encodeResponsesSse(event, sequence + shift, items, after)
    },
    // `response.failed` is an end that every reader knows.
    isBroken: false,
    signOfLife: (sequence) => (sequence === 0 ? "" : keepAliveSse(sequence + shift - 1)),
  }
}

/** The same events as objects, for other carriers. To be called with every event, in order. */
export function createResponsesProjection(
  live: LiveResponse,
  serverLabel: string,
): (event: ResponseEvent, sequence: number) => readonly WireEvent[] {
  const items = new ItemTracker(live, serverLabel)
  return (event, sequence) => {
    items.follow(event, sequence)
    return toWireEvents(event, sequence, items)
  }
}
