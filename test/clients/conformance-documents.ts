import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js"
import { readSse } from "./sse-frames.ts"
import type { Wire } from "./wire-validity.ts"

const folder = join(import.meta.dirname, "../../../shared/conformance-data")
const files = { openai: "openai-subset.openapi.json", open: "openresponses-2026-04-24.openapi.json" }

/** OpenAI's document and that of Open Responses, as validators. */
export interface ConformanceDocuments {
  /** What is wrong with a whole answer with status 200; `kind` names what it is. */
  answerFaults(kind: AnswerKind, answer: Wire): string[]
  /** What is wrong with the events or chunks of a stream. */
  streamFaults(kind: "response" | "chat", text: string): string[]
  /** The same of one event of a response. */
  eventFaults(event: Wire): string[]
}

function keepaliveFaults({ type, sequence_number: sequence, ...others }: Wire): string[] {
  const isNumbered = Number.isInteger(sequence)
  return isNumbered && Object.keys(others).length === 0 ? [] : [`${type} has other fields`]
}

/** Schemas of OpenAI's document by what they describe. */
const openaiSchemas = {
  response: "Response",
  response_items: "ResponseItemList",
  token_count: "TokenCountsResource",
  compaction: "CompactResource",
  chat: "CreateChatCompletionResponse",
  conversation: "ConversationResource",
  conversation_deleted: "DeletedConversationResource",
  conversation_items: "ConversationItemList",
  conversation_item: "ConversationItem",
  models: "ListModelsResponse",
  model: "Model",
  error: "ErrorResponse",
} as const

export type AnswerKind = keyof typeof openaiSchemas

function loadConformanceDocuments(): ConformanceDocuments | null {
  if (!Object.values(files).every((file) => existsSync(join(folder, file)))) {
    console.log(
      "The OpenAPI documents are not beside the repository: bodies and events are not checked against them.",
    )
    return null
  }
  const openai = new SchemaDocument("openai", files.openai)
  const open = new SchemaDocument("open", files.open)
  const openaiEvents = openai.eventSchemas("ResponseStreamEvent")
  const openEvents = open.eventSchemas(null)

  function eventFaults(event: Wire): string[] {
    const { type } = event
    // On OpenAI's wire and known to its SDK, and in neither document.
    if (type === "keepalive") return keepaliveFaults(event)
    const faults: string[] = []
    const own = openaiEvents.get(type)
    if (own === undefined) faults.push(`${type} is no event of OpenAI's document`)
    else faults.push(...openai.faults(own, event))
    const theirs = openEvents.get(type)
    const item = event.item?.type
    if (theirs !== undefined && (item === undefined || openItems.includes(item))) {
      faults.push(...open.faults(theirs, forOpenResponses(event)))
    }
    return faults
  }

  return {
    eventFaults,
    answerFaults(kind, answer) {
      const faults = openai.faults(openaiSchemas[kind], answer)
      if (kind === "compaction") faults.push(...open.faults("CompactResource", knownToOpenResponses(answer)))
      if (kind === "response") faults.push(...open.faults("ResponseResource", knownToOpenResponses(answer)))
      return faults
    },
    streamFaults(kind, text) {
      const data = readSse(text).frames.filter((frame) => frame.data !== "[DONE]")
      const values: Wire[] = data.map((frame) => JSON.parse(frame.data))
      if (kind === "response") return values.flatMap(eventFaults)
      return values.flatMap((chunk) =>
        openai.faults(
          chunk.error === undefined ? "CreateChatCompletionStreamResponse" : "ErrorResponse",
          chunk,
        ),
      )
    },
  }
}

/** Items that Open Responses describes; others are extensions, of which it says nothing. */
const openItems = ["message", "function_call", "function_call_output", "reasoning", "compaction"]

function forOpenResponses(event: Wire): Wire {
  return event.response === undefined ? event : { ...event, response: knownToOpenResponses(event.response) }
}

/** A response without items that the document does not describe. */
function knownToOpenResponses(response: Wire): Wire {
  return { ...response, output: response.output?.filter((item: Wire) => openItems.includes(item.type)) }
}

class SchemaDocument {
  readonly #name: string
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: false })
  readonly #validators = new Map<string, ValidateFunction>()
  readonly #schemas: Record<string, Wire>

  constructor(name: string, file: string) {
    this.#name = name
    const { components } = JSON.parse(readFileSync(join(folder, file), "utf8"))
    this.#schemas = mendDocument(inNewWords(components.schemas))
    this.#ajv.addSchema({ $id: name, components: { schemas: this.#schemas } })
  }

  faults(schemaName: string, value: unknown): string[] {
    let validate = this.#validators.get(schemaName)
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `${this.#name}#/components/schemas/${schemaName}` })
      this.#validators.set(schemaName, validate)
    }
    if (validate(value)) return []
    const told = (validate.errors ?? []).map(tell).join("; ")
    return [`${this.#name} ${schemaName}: ${told} in ${JSON.stringify(value).slice(0, 300)}`]
  }

  /** Schema names by the event type that they describe: one schema says far better what is wrong than a union of 60. */
  eventSchemas(union: string | null): Map<string, string> {
    const names =
      union === null
        ? Object.keys(this.#schemas).filter((name) => name.endsWith("StreamingEvent"))
        : this.#schemas[union].anyOf.map(({ $ref }: { $ref: string }) => $ref.split("/").at(-1))
    return new Map(names.map((name: string) => [this.#schemas[name].properties.type.enum[0], name]))
  }
}

function tell({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath || "/"} ${message} ${JSON.stringify(params)}`
}

/**
 * Where the documents contradict each other or every client: Open Responses types the echoed schema as null only; OpenAI's
 * leaves out that an unfinished response has `usage: null`, and a format without description `description: null`, as the
 * other document demands and OpenAI's own service answers. Its codes of a failed response have no words for what can go wrong
 * with an agent. Open Responses nests an `error` event, OpenAI's is flat, and clients end at a nested one.
 */
function mendDocument(schemas: Wire): Wire {
  if (schemas.JsonSchemaResponseFormat !== undefined) {
    schemas.JsonSchemaResponseFormat.properties.schema = {}
  }
  if (schemas.ErrorStreamingEvent !== undefined) {
    schemas.ErrorStreamingEvent.required = ["type", "sequence_number"]
  }
  if (schemas.ResponseErrorCode !== undefined) {
    schemas.ResponseErrorCode = { type: "string" }
    allowNull(schemas.TextResponseFormatJsonSchema.properties, "description")
    for (const part of schemas.Response.allOf) if (part.properties?.usage) allowNull(part.properties, "usage")
  }
  return schemas
}

function allowNull(properties: Wire, name: string): void {
  properties[name] = { anyOf: [properties[name], { type: "null" }] }
}

/** OpenAPI 3.0's `nullable` and the recursive references of 2019 in the words of JSON Schema 2020. */
function inNewWords(value: Wire): Wire {
  if (Array.isArray(value)) return value.map(inNewWords)
  if (typeof value !== "object" || value === null) return value
  const { nullable, $recursiveAnchor: _anchor, $recursiveRef: recursive, ...rest } = value
  if (recursive !== undefined) return {}
  const schema = Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, inNewWords(part)]))
  return nullable === true ? { anyOf: [schema, { type: "null" }] } : schema
}

/** Null where the documents do not lie beside the repository. */
export const conformanceDocuments = loadConformanceDocuments()
