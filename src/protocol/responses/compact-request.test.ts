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

it("has every documented field in its table", () => {
  expect(compactParameters.map(({ name }) => name).toSorted()).toEqual(Object.keys(documented).toSorted())
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
  expect(turn).toMatchObject({ isSideRequest: true, isStored: false, keepsThread: false, tools: [] })
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
