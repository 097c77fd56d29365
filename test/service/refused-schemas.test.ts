import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"

const object = (properties: object) => ({ type: "object", properties })
const plain = { name: "plain", parameters: object({}) }
/** No schema at all, whichever CLI it is for; and one that codex alone has other words for. */
const faults = [
  ["is none", object({ a: { type: "text" } }), /'odd'.*no valid JSON Schema/],
  ["refers to another document", object({ a: { $ref: "https://example.com/a.json" } }), /'odd'.*not fetched/],
  ["codex does not take", object({ a: { type: "string", encrypted: "yes" } }), /'odd'.*Change it, or leave/],
] as const

describe("a schema of a function", () => {
  let service: TestService
  beforeAll(async () => {
    service = await startTestService()
  })
  afterAll(() => service.stop())

  async function errorOf(path: string, body: object): Promise<{ status: number; text: string }> {
    const response = await service.fetch(`${service.url}/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "manager", ...body }),
    })
    const decoder = new TextDecoder()
    let text = ""
    try {
      for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
    } catch {
      // The connection breaks behind the error of a stream of chat.
    }
    return { status: response.status, text }
  }

  for (const [what, parameters, message] of faults) {
    const odd = { name: "odd", parameters }

    it(`that ${what} is refused by its name and place`, async () => {
      const response = await errorOf("responses", {
        input: "[[say:x]]",
        tools: [{ type: "web_search" }, ...[plain, odd].map((tool) => ({ type: "function", ...tool }))],
      })
      expect(response.status).toBe(400)
      expect(JSON.parse(response.text).error).toMatchObject({
        code: "invalid_request",
        param: "tools[2].parameters",
        message: expect.stringMatching(message),
      })
      const chat = await errorOf("chat/completions", {
        messages: [{ role: "user", content: "[[say:x]]" }],
        tools: [plain, odd].map((tool) => ({ type: "function", function: tool })),
      })
      expect(chat.status).toBe(400)
      expect(JSON.parse(chat.text).error).toMatchObject({
        code: "invalid_request",
        param: "tools[1].function.parameters",
        message: expect.stringMatching(message),
      })
    })

    it(`that ${what} is refused by its name in a stream`, async () => {
      const tools = [plain, odd]
      const responses = await errorOf("responses", {
        input: "[[say:x]]",
        stream: true,
        tools: tools.map((tool) => ({ type: "function", ...tool })),
      })
      const chat = await errorOf("chat/completions", {
        messages: [{ role: "user", content: "[[say:x]]" }],
        stream: true,
        tools: tools.map((tool) => ({ type: "function", function: tool })),
      })
      for (const { text } of [responses, chat]) expect(text).toMatch(message)
      expect(chat.text).toContain("tools[1].function.parameters")
    })
  }

  it.each([["a".repeat(65)], ["with.dot"], [""]])("of the name '%s' is refused by the rule", async (name) => {
    const { status, text } = await errorOf("responses", {
      input: "x",
      tools: [{ type: "function", ...plain, name }],
    })
    expect(status).toBe(400)
    expect(JSON.parse(text).error).toMatchObject({
      param: "tools[0].name",
      message: expect.stringMatching(/1 to 64 letters, digits/),
    })
  })
})
