export type JsonSchema = Readonly<Record<string, unknown>>

// Parts of schemas of answers.
export const text = { type: "string" }
export const flag = { type: "boolean" }
export const count = { type: "integer", minimum: 0 }
export const time = { type: "integer", description: "Seconds since 1970." }
export const pairs = { type: "object", additionalProperties: text }
export const anything = {}

export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

type Properties = Readonly<Record<string, JsonSchema>>

/** All named keys are always there, unless they are in `optional`. */
export function object(properties: Properties, optional: Properties = {}): JsonSchema {
  return { type: "object", required: Object.keys(properties), properties: { ...properties, ...optional } }
}

export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] }
}

export function listOf(name: string): JsonSchema {
  return object({
    object: { const: "list" },
    data: { type: "array", items: ref(name) },
    first_id: text,
    last_id: text,
    has_more: flag,
  })
}
