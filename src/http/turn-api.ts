import type { ResponseEvent } from "../domain/response-events.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ResponseRecord } from "../domain/responses.ts"
import { createChatProjection } from "../protocol/chat/chunks.ts"
import { toChatCompletion } from "../protocol/chat/completion.ts"
import { parseChatRequest } from "../protocol/chat/request.ts"
import type { ParsedRequest } from "../protocol/parsed-request.ts"
import { encodeResponsesSse } from "../protocol/responses/events.ts"
import { parseResponsesRequest } from "../protocol/responses/request.ts"
import { toResponse } from "../protocol/responses/resource.ts"
import { ItemTracker } from "./item-tracker.ts"

/** Text of the stream for the events of one response, in order; `[DONE]` comes with the last. */
type EventEncoder = (event: ResponseEvent, sequence: number) => string

/** What an endpoint adds to the way that all turns take: how it reads a body, and how it shows the response's log. */
export interface TurnApi {
  /** Throws `ProxyError` that names the field. */
  readonly parse: (body: unknown) => ParsedRequest
  readonly createEncoder: (live: LiveResponse, request: ParsedRequest, serverLabel: string) => EventEncoder
  readonly toAnswer: (record: ResponseRecord, serverLabel: string) => unknown
}

/** `POST /v1/responses` */
export const responsesApi: TurnApi = {
  parse: parseResponsesRequest,
  createEncoder(live, _request, serverLabel) {
    const items = new ItemTracker(live.log)
    const source = {
      get record() {
        return live.record
      },
      itemAt: (outputIndex: number) => items.itemAt(outputIndex),
      serverLabel,
    }
    return (event, sequence) => {
      items.follow(event, sequence)
      return encodeResponsesSse(event, sequence, source)
    }
  },
  toAnswer: toResponse,
}

/** `POST /v1/chat/completions` */
export const chatApi: TurnApi = {
  parse: parseChatRequest,
  createEncoder(live, { includeUsage }) {
    const projection = createChatProjection(live, { includeUsage })
    return (event) => projection.project(event)
  },
  toAnswer: toChatCompletion,
}
