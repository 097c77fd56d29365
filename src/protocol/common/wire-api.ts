import type { AgentStatus } from "../../domain/agents.ts"
import type { ConversationItem } from "../../domain/conversations.ts"
import type { ResponseEvent } from "../../domain/response-events.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { ClientRequest } from "../../domain/turn-request.ts"
import type { JsonSchema } from "./answer-shapes.ts"
import type { Parameter } from "./parameters.ts"
import type { WireObject } from "./shape.ts"
import type { SseText } from "./sse.ts"

/** As its endpoint read it. The session key is in a header, no business of the body. */
export interface ParsedRequest {
  readonly turn: Omit<ClientRequest, "sessionKey" | "resendsHistory">
  readonly stream: boolean
  /** Chat only: the last chunk carries the usage. */
  readonly includeUsage: boolean
  /** See `FunctionFields`. */
  readonly declaredServers: readonly string[]
  /** Names of the parameters that were accepted without effect on the agent. */
  readonly advisory: readonly string[]
}

/** The same before it is known whether it is asked beside a conversation. */
export type AskedTurn = Omit<ParsedRequest["turn"], "sideRequest">

/** `model` of a request without one: it is addressed to nobody else, so the manager gets it. */
export const defaultModel = "manager"

/** Writes the log of one response as text of a stream. */
export interface EventEncoder {
  /**
   * Text of an event, whole SSE frames or nothing; `[DONE]` comes with the last. Called once an
   * event, in order. The pieces of a long one are asked for as the reader takes them.
   */
  encode(event: ResponseEvent, sequence: number): SseText
  /**
   * Between two events: that the turn goes on, as an event of the API. Clients that count what
   * comes do not count comments. `sequence` is the number of the next event. Empty: not yet.
   */
  signOfLife(sequence: number): string
  /** True once the last event has been told as one behind which the connection has to break. */
  readonly isBroken: boolean
}

/** Where the items are that a body only refers to. */
export interface ItemSource {
  findItems(principal: string, ids: readonly string[]): Promise<readonly ConversationItem[]>
  findAgent(id: string): Pick<AgentStatus, "backend"> | null
}

/** The route of a protocol of turns, for those who serve it and for OpenAPI. */
export interface TurnRoute {
  /** `POST` is its method. */
  readonly path: string
  /** Unique; the document's `operationId`. */
  readonly name: string
  /** What it does here. */
  readonly note: string
  /** Names of the schemas of its body, which its parameters are, and of its answer. */
  readonly body: string
  readonly answer: string
  /** That of the answer, and what only that refers to. */
  readonly schemas: Readonly<Record<string, JsonSchema>>
}

/** What a protocol adds to the way of all turns: how a body is read, and the log is shown. */
export interface WireApi {
  readonly described: TurnRoute
  readonly parameters: readonly Parameter[]
  /** Brings a looser body into the API's own form. */
  readonly loosen: (body: unknown) => unknown
  /** Puts what the body only refers to in its place; rejects with `ProxyError`. */
  readonly resolve?: (body: unknown, principal: string, items: ItemSource) => Promise<unknown>
  /** Throws `ProxyError` that names the field. */
  readonly parse: (body: unknown) => ParsedRequest
  /** What the fields are called here that go by another name in the engine. */
  readonly fieldNames: Readonly<Record<string, string>>
  readonly createEncoder: (live: LiveResponse, request: ParsedRequest, serverLabel: string) => EventEncoder
  readonly toAnswer: (record: ResponseRecord, serverLabel: string) => WireObject
  /** Of a turn that failed, where the status 200 is out already. */
  readonly toFailedAnswer: (record: ResponseRecord, serverLabel: string) => object
}
