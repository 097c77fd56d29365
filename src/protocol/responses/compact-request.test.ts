import type { ResponseCompactParams } from "openai/resources/responses/responses"
import { expect, it } from "vitest"
import { compactParameters, parseCompactRequest } from "./compact-request.ts"
import { readSummary } from "./compaction.ts"

// The compiler keeps this complete.
const documented: Record<keyof ResponseCompactParams, true> = {
  image: true,
  input: true,
  instructions: true,
  model: true,
  previous_response_id: true,
  prompt_cache_key: true,
  prompt_cache_options: true,
  prompt_cache_retention: true,
  service_tier: true,
}

// Of other requests: sent here by mistake, they ask for no summary, or for one of another kind.
const refused = ["generate", "multi_agent", "stream_id"]

it("has every documented field in its table", () => {
  const names = [...Object.keys(documented), ...refused]
  expect(compactParameters.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
})

it.each([
  [{ generate: false }, "generate"],
  [{ multi_agent: { enabled: true } }, "multi_agent"],
  [{ stream_id: "a" }, "stream_id"],
  [{ prompt_cache_options: { prewarm: true } }, "prompt_cache_options.prewarm"],
])("refuses by name what asks for no summary: %j", (fields, param) => {
  const body = { model: "manager", input: "hello", ...fields }
  expect(() => parseCompactRequest(body)).toThrow(expect.objectContaining({ code: "invalid_request", param }))
})

it("asks for the summary behind the input, beside the conversation, and keeps the user's messages as they came", () => {
  const image = { type: "input_image", image_url: "https://example.com/a.png" }
  const { turn, messages, advisory } = parseCompactRequest({
    model: "manager",
    input: [
      { role: "user", content: [{ type: "input_text", text: "look" }, image] },
      { role: "assistant", content: "I see." },
      { role: "user", content: "thanks" },
    ],
    service_tier: "auto",
    temperature: 5,
  })
  expect(turn).toMatchObject({
    sideRequest: { certainty: "certain" },
    isStored: false,
    keepsThread: false,
    tools: [],
  })
  expect(turn.input).toHaveLength(4)
  expect(messages.map(({ content }) => content)).toEqual([
    [{ type: "input_text", text: "look" }, image],
    [{ type: "input_text", text: "thanks" }],
  ])
  expect(advisory).toEqual(["service_tier"])
})

it.each(["", "aap1.", "aap1.not base64!", "gAAAAABp"])("does not read the foreign content %j", (content) => {
  expect(() => readSummary(content, "input[0]")).toThrow(/was not compacted by this service/)
})
