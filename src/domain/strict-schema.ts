import { isSchema, type Schema } from "./map-schema.ts"

const schemaMaps = ["properties", "$defs", "definitions"]
const schemaLists = ["anyOf"]
const schemaFields = ["items"]

/**
 * True for what model servers take as a strict schema: an object at the top; every object is closed
 * and lists all of its properties as required. They refuse others with an error, so those are not
 * to be passed on. https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function isStrictSchema(schema: Schema): boolean {
  return schema.type === "object" && schema.anyOf === undefined && isStrictInside(schema)
}

function isStrictInside(value: unknown): boolean {
  if (value === undefined) return true
  if (!isSchema(value)) return false
  const { oneOf, allOf, not, prefixItems, patternProperties, $ref } = value
  if ($ref !== undefined && !(typeof $ref === "string" && /^#(?:\/|$)/.test($ref))) return false
  if ([oneOf, allOf, not, prefixItems, patternProperties].some((word) => word !== undefined)) return false
  if (describesObject(value) && !isClosed(value)) return false
  return (
    schemaMaps.every((name) =>
      Object.values(isSchema(value[name]) ? value[name] : {}).every(isStrictInside),
    ) &&
    schemaLists.every((name) => !Array.isArray(value[name]) || value[name].every(isStrictInside)) &&
    schemaFields.every((name) => isStrictInside(value[name]))
  )
}

function describesObject(schema: Schema): boolean {
  const { type } = schema
  return (
    type === "object" || (Array.isArray(type) && type.includes("object")) || schema.properties !== undefined
  )
}

function isClosed(schema: Schema): boolean {
  const names = Object.keys(isSchema(schema.properties) ? schema.properties : {})
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : []
  return schema.additionalProperties === false && names.every((name) => required.includes(name))
}
