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
  /** In the form of the Responses API, whatever the agent speaks. */
  readonly body: ResponsesBody
  /** As it was posted. */
  readonly posted: JsonObject
  /** The JSON of it, whose numbers nobody has parsed. */
  readonly text: string
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

/** Null when the text is something else. */
export function parseObject(text: string): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return isObject(parsed) ? parsed : null
  } catch {
    return null
  }
}

/** Throws a sentence for the tester when the body is not a Responses request. */
export function responsesBodyOf(parsed: JsonObject): ResponsesBody {
  const input =
    typeof parsed.input === "string"
      ? [{ type: "message", role: "user", content: [{ type: "input_text", text: parsed.input }] }]
      : objectsOf(parsed.input)
  const tools = parsed.tools === undefined ? {} : { tools: objectsOf(parsed.tools) }
  return { ...parsed, model: stringOf(parsed.model), input, ...tools }
}
