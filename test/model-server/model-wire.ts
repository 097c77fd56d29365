import type { ServerResponse } from "node:http"
import type { Answer } from "./answer.ts"
import type { ToolCaller } from "./tool-calls.ts"
import type { JsonObject, ResponsesBody } from "./wire.ts"

/**
 * One form of a model's API. The script is worked out on requests in the form of the Responses API; a wire translates into
 * it and writes the answer in its own.
 */
export interface ModelWire {
  /** Throws a sentence for the tester when the body is not a request of this wire. */
  readonly read: (body: JsonObject) => ResponsesBody
  /** Which tools the agents of this wire have. */
  readonly tools: ToolCaller
  /** Returns early, without an error, when the reader goes away. */
  readonly send: (response: ServerResponse, answer: Answer, request: JsonObject) => Promise<void>
}
