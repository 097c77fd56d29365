import { describe, expect, test } from "vitest"
import { appFixture, jsonOf } from "./http-fixture.ts"

const f = { name: "f", parameters: { type: "object" } }
const asked: readonly { readonly fields: object; readonly param: string }[] = [
  { fields: { prompt_cache_options: { prewarm: true } }, param: "prompt_cache_options.prewarm" },
  { fields: { prompt_cache_options: { prewarm: "yes" } }, param: "prompt_cache_options.prewarm" },
  { fields: { generate: false }, param: "generate" },
  { fields: { generate: "false" }, param: "generate" },
  { fields: { multi_agent: { enabled: true } }, param: "multi_agent" },
  { fields: { multi_agent: true }, param: "multi_agent" },
  { fields: { stream_id: "a" }, param: "stream_id" },
]

const ofResponses: typeof asked = [
  { fields: { include: ["everything"] }, param: "include[0]" },
  { fields: { include: "reasoning.encrypted_content" }, param: "include" },
  { fields: { context_management: [{ type: "summary" }] }, param: "context_management[0].type" },
  { fields: { tools: [{ type: "function", ...f, async: true }] }, param: "tools[0].async" },
  {
    fields: { tools: [{ type: "function", ...f, allowed_callers: ["programmatic"] }] },
    param: "tools[0].allowed_callers",
  },
]

const ofChat: typeof asked = [
  { fields: { include: ["everything"] }, param: "include" },
  {
    fields: { tools: [{ type: "function", function: { ...f, async: true } }] },
    param: "tools[0].function.async",
  },
]

const endpoints = [
  {
    path: "/v1/responses",
    minimal: { input: "Hi" },
    cases: [...asked, ...ofResponses],
    ways: { whole: {}, streamed: { stream: true }, background: { background: true } },
  },
  {
    path: "/v1/chat/completions",
    minimal: { messages: [{ role: "user", content: "Hi" }] },
    cases: [...asked, ...ofChat],
    ways: { whole: {}, streamed: { stream: true } },
  },
]

for (const { path, minimal, cases, ways } of endpoints) {
  describe(`a request to ${path} that asks for no turn, or for another kind of one`, () => {
    for (const [way, more] of Object.entries(ways)) {
      test.each(cases)(`is refused by name and runs nothing (${way}): $fields`, async ({ fields, param }) => {
        const { app, engine } = appFixture()
        const answer = await app.request(path, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ ...minimal, ...more, ...fields }),
        })
        expect(await jsonOf(answer)).toMatchObject({ error: { code: "invalid_request", param } })
        expect(answer.status).toBe(400)
        expect(engine.responses).toHaveLength(0)
      })
    }

    test("runs where the fields say what is so anyway", async () => {
      const { app, engine } = appFixture()
      const answer = await app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          ...minimal,
          prompt_cache_options: { mode: "implicit", prewarm: false },
          generate: true,
          multi_agent: { enabled: false },
          stream_id: null,
        }),
      })
      expect(answer.status).toBe(200)
      expect(engine.responses).toHaveLength(1)
    })
  })
}
