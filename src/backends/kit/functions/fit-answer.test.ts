import { expect, it } from "vitest"
import { fitAnswer } from "./fit-answer.ts"

it("leaves of a strict schema what claude takes, and tells its model the formats", () => {
  const answer = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "https://example.com/a",
    type: "object",
    title: "A",
    properties: {
      at: { type: "string", format: "date-time", description: "When", readOnly: true },
      count: { type: "integer", format: "int32", minimum: 0 },
      format: { type: "string", pattern: "^a$" },
      odd: { type: "string", pattern: "(?i)a" },
      of: { $ref: "#/$defs/of" },
    },
    required: ["at", "count", "format", "odd", "of"],
    additionalProperties: false,
    $defs: { of: { anyOf: [{ const: "a", "x-order": 1 }, { type: "null" }] } },
  }
  expect(fitAnswer(answer)).toEqual({
    type: "object",
    title: "A",
    properties: {
      at: { type: "string", description: "When\nFormat: date-time" },
      count: { type: "integer", minimum: 0, description: "Format: int32" },
      format: { type: "string", pattern: "^a$" },
      odd: { type: "string" },
      of: { $ref: "#/$defs/of" },
    },
    required: ["at", "count", "format", "odd", "of"],
    additionalProperties: false,
    $defs: { of: { anyOf: [{ const: "a" }, { type: "null" }] } },
  })
})

it("says in the words of draft 07 what older drafts and OpenAPI say in others", () => {
  const answer = {
    type: "object",
    properties: {
      over: { type: "number", minimum: 0, exclusiveMinimum: true },
      from: { type: "number", minimum: 0, exclusiveMinimum: false },
      old: { type: "string", required: true },
      maybe: { type: "string", nullable: true },
      several: { type: ["string", "null"], nullable: true },
    },
    required: ["over", "from", "old", "maybe", "several"],
    additionalProperties: false,
  }
  expect(fitAnswer(answer)).toEqual({
    ...answer,
    properties: {
      over: { type: "number", minimum: 0, exclusiveMinimum: 0 },
      from: { type: "number", minimum: 0 },
      old: { type: "string" },
      maybe: { type: ["string", "null"] },
      several: { type: ["string", "null"] },
    },
  })
})
