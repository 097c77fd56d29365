import type { ResponseEvent } from "../../domain/response-events.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { Engine } from "../../engine/engine.ts"
import { createChatProjection } from "../../protocol/chat/chunks.ts"
import { toChatCompletion } from "../../protocol/chat/completion.ts"
import { parseChatRequest } from "../../protocol/chat/request.ts"
import type { WireObject } from "../../protocol/common/answer-parts.ts"
import { failureOf, toBegunErrorBody } from "../../protocol/common/errors.ts"
import { looseChat, looseResponses } from "../../protocol/common/loose-forms.ts"
import type { SseText } from "../../protocol/common/sse.ts"
import type { ParsedRequest } from "../../protocol/common/wire-api.ts"
import {
  type EventSource,
  encodeResponsesSse,
  keepAliveSse,
  toWireEvents,
  type WireEvent,
} from "../../protocol/responses/events.ts"
import { ItemTracker } from "../../protocol/responses/item-tracker.ts"
import { parseResponsesRequest } from "../../protocol/responses/request.ts"
import { toResponse } from "../../protocol/responses/resource.ts"

import { withReferencedItems } from "./earlier-items.ts"

/** Writes the log of one response as text of a stream. */
export interface EventEncoder {
  /**
   * Text of an event, whole SSE frames or nothing; `[DONE]` comes with the last. Called once an event, in order. The pieces of a
   * long one are asked for as the reader takes them.
   */
  encode(event: ResponseEvent, sequence: number): SseText
  /**
   * Between two events: that the turn goes on, as an event of the API. Clients that count what comes do not count comments.
   * `sequence` is the number of the next event. Empty: nothing may come yet.
   */
  signOfLife(sequence: number): string
  /** True once the last event has been told as one behind which the connection has to break. */
  readonly isBroken: boolean
}

/** What an endpoint adds to the way that all turns take: how it reads a body, and how it shows the response's log. */
export interface TurnApi {
  /** Brings a looser body into the API's own form. */
  readonly loosen: (body: unknown) => unknown
  /** Puts what the body only refers to in its place; rejects with `ProxyError`. */
  readonly prepare?: (body: unknown, principal: string, engine: Engine) => Promise<unknown>
  /** Throws `ProxyError` that names the field. */
  readonly parse: (body: unknown) => ParsedRequest
  /** The field that asks for a reasoning effort. */
  readonly effortField: string
  /** What a field of a response body is called here, where it has another name. */
  readonly fieldNames: Readonly<Record<string, string>>
  readonly createEncoder: (live: LiveResponse, request: ParsedRequest, serverLabel: string) => EventEncoder
  readonly toAnswer: (record: ResponseRecord, serverLabel: string) => WireObject
  /** Of a turn that failed, where the status 200 is out already. */
  readonly toFailedAnswer: (record: ResponseRecord, serverLabel: string) => object
}

/**
 * `items` are as they are at the event where the reader begins; events of the wire up to number `after` are left out
 * where the log's entry has more than one; `shift` is added to the numbers of the log.
 */
export function createResponsesEncoder(
  live: LiveResponse,
  serverLabel: string,
  { items, after, shift } = { items: new ItemTracker(live.log), after: -1, shift: 0 },
): EventEncoder {
  const source = eventSourceOf(live, serverLabel, items)
  return {
    encode(event, sequence) {
      items.follow(event, sequence)
      return encodeResponsesSse(event, sequence + shift, source, after)
    },
    // `response.failed` is an end that every reader knows.
    isBroken: false,
    signOfLife: (sequence) => (sequence === 0 ? "" : keepAliveSse(sequence + shift - 1)),
  }
}

/** The same events as objects, for carriers other than SSE. To be called with every event, in order. */
export function createResponsesProjection(
  live: LiveResponse,
  serverLabel: string,
): (event: ResponseEvent, sequence: number) => readonly WireEvent[] {
  const items = new ItemTracker(live.log)
  const source = eventSourceOf(live, serverLabel, items)
  return (event, sequence) => {
    items.follow(event, sequence)
    return toWireEvents(event, sequence, source)
  }
}

function eventSourceOf(live: LiveResponse, serverLabel: string, items: ItemTracker): EventSource {
  return {
    get record() {
      return live.record
    },
    itemAt: (outputIndex: number) => items.itemAt(outputIndex),
    serverLabel,
  }
}

/** `POST /v1/responses` */
export const responsesApi: TurnApi = {
  loosen: looseResponses,
  prepare: withReferencedItems,
  parse: parseResponsesRequest,
  effortField: "reasoning.effort",
  fieldNames: {},
  createEncoder: (live, _request, serverLabel) => createResponsesEncoder(live, serverLabel),
  toAnswer: toResponse,
  toFailedAnswer: toResponse,
}

/** `POST /v1/chat/completions` */
export const chatApi: TurnApi = {
  loosen: looseChat,
  parse: parseChatRequest,
  effortField: "reasoning_effort",
  fieldNames: { input: "messages", "text.format": "response_format" },
  createEncoder(live, { includeUsage }) {
    const projection = createChatProjection(live, { includeUsage })
    return {
      encode: (event) => projection.project(event),
      signOfLife: () => projection.signOfLife(),
      get isBroken() {
        return projection.hasFailed
      },
    }
  },
  toAnswer: toChatCompletion,
  toFailedAnswer: (record) => toBegunErrorBody(failureOf(record)),
}
