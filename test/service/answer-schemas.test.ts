import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { startCliService } from "../support/cli-service.ts"
import { offeredNames } from "../support/offered-names.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import type { TestService } from "../support/test-service.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const closed = (properties: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  type: "object",
  properties: { answer: { type: "string" }, ...properties },
  required: ["answer", ...Object.keys(properties)],
  additionalProperties: false,
  ...more,
})
const drafts = [
  "https://json-schema.org/draft/2020-12/schema",
  "https://json-schema.org/draft/2019-09/schema",
  "http://json-schema.org/draft-07/schema#",
  "http://json-schema.org/draft-06/schema#",
  "http://json-schema.org/draft-04/schema#",
]
const formats = ["int32", "double", "uint8", "date-time", "uuid", "byte"]

const schemas: readonly (readonly [string, Record<string, unknown>])[] = [
  ...drafts.map((name) => [`$schema ${name}`, closed({}, { $schema: name })] as const),
  ...formats.map((format) => [`the format ${format}`, closed({ a: { type: "string", format } })] as const),
  ["an unknown word", closed({ a: { type: "string", "x-order": 1 } }, { "x-top": true })],
  ["words of OpenAPI", closed({ a: { type: "string", example: "b", readOnly: true, xml: {} } })],
  ["definitions and a reference", closed({ a: { $ref: "#/$defs/a" } }, { $defs: { a: { type: "string" } } })],
  ["a name and a comment", closed({}, { $id: "https://example.com/a", $comment: "b", title: "C" })],
  ["content", closed({ a: { type: "string", contentEncoding: "base64", contentMediaType: "image/png" } })],
  ["bounds of draft 4", closed({ n: { type: "number", minimum: 0, exclusiveMinimum: true } })],
  ["a property that is required by draft 3", closed({ a: { type: "string", required: true } })],
  ["alternatives", closed({ a: { anyOf: [{ type: "string", minLength: 1 }, { type: "null" }] } })],
]

const isMissing = testCli("claude") === null
describe.skipIf(isMissing)(isMissing ? missingCli("claude") : "the schema of an answer on claude", () => {
  let service: TestService
  let stop: () => Promise<void> = async () => {}

  beforeAll(async () => {
    const started = await startCliService("claude")
    ;({ service } = started)
    stop = () => started.stop()
  })
  afterAll(() => stop())

  it.each(schemas)("holds the model with %s", async (_name, schema) => {
    service.model.clearRequests()
    const properties = schema.properties as object
    const answer = JSON.stringify({
      answer: "yes",
      ...("a" in properties && { a: "b" }),
      ...("n" in properties && { n: 1 }),
    })
    const response = await service.client.responses.create({
      model: "manager",
      input: `[[say:${answer}]]`,
      text: { format: { type: "json_schema", name: "answer", strict: true, schema } },
    })
    expect([response.status, response.output_text]).toEqual(["completed", answer])
    expect([...offeredNames(service.model)]).toContain("StructuredOutput")
  })
})
