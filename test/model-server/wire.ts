/**
 * The shapes that codex posts, as far as the scripted model looks at them. Everything unknown is left alone: the point of
 * a recorded request is that a test can look at what was really sent.
 */

export type JsonObject = Readonly<Record<string, unknown>>

/** Body of `POST /v1/responses`. */
export interface ResponsesBody extends JsonObject {
  readonly model: string
  readonly input: readonly JsonObject[]
  readonly tools?: readonly JsonObject[]
}

/** One request as it came in, oldest first in `ModelServer.requests`. */
export interface RecordedRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: ResponsesBody
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The objects of an array; anything else gives none. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function stringOf(value: unknown): string {
  return typeof value === "string" ? value : ""
}

/** Throws a sentence for the tester when the body is not a Responses request. */
export function parseBody(text: string): ResponsesBody {
  const parsed: unknown = JSON.parse(text)
  if (!isObject(parsed)) throw new Error("the body is not a JSON object")
  const input =
    typeof parsed.input === "string"
      ? [{ type: "message", role: "user", content: [{ type: "input_text", text: parsed.input }] }]
      : objectsOf(parsed.input)
  const tools = parsed.tools === undefined ? {} : { tools: objectsOf(parsed.tools) }
  return { ...parsed, model: stringOf(parsed.model), input, ...tools }
}
