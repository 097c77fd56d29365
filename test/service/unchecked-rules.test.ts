import { expect, it, vi } from "vitest"
import { describeOnEachCli } from "../support/cli-service.ts"
import { offeredNames } from "../support/offered-names.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** Patterns that are none in JavaScript, and words that nobody checks. */
const parameters = {
  $schema: "https://example.com/own-dialect",
  type: "object",
  properties: {
    address: { type: "string", pattern: "^https\\:\\/\\/", minLength: 3 },
    word: { type: "string", pattern: "(?i)abc", format: "int32" },
    picture: { type: "string", contentEncoding: "base64", contentMediaType: "image/png", pattern: "a++" },
    more: {
      type: "object",
      patternProperties: { "(?i)^x-": { type: "string" } },
      additionalProperties: false,
    },
  },
  required: ["address"],
  additionalProperties: false,
}
const words = ["$schema", "contentEncoding", "contentMediaType", "format", "pattern", "patternProperties"]
const args = '{"address":"ftp:","word":"xyz","picture":"b","more":{"y":1}}'
/** What can be checked is: it is too short. */
const wrong = '{"address":"f"}'

const fields = { name: "look_up", description: "Looks up", parameters }
const answer = {
  type: "object",
  properties: { answer: { type: "string", pattern: "^https\\:\\/\\/" } },
  required: ["answer"],
  additionalProperties: false,
}

describeOnEachCli("rules that nobody can check", (_cli, service) => {
  async function post(path: string, body: object): Promise<{ advisory: string[]; text: string }> {
    const response = await service().fetch(`${service().url}/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "manager", ...body }),
    })
    const text = await response.text()
    expect([response.status, text]).toEqual([200, expect.any(String)])
    const named = response.headers.get("x-advisory-parameters") ?? ""
    return { advisory: named.split(", ").sort(), text }
  }
  const chat = (content: string, stream: boolean, more: object) =>
    post("chat/completions", { messages: [{ role: "user", content }], stream, ...more })

  for (const stream of [false, true]) {
    it(`are left out of the check of a call, and named (streams: ${stream})`, async () => {
      service().model.clearRequests()
      const input = `[[tool:look_up:${wrong}]][[then]][[tool:look_up:${args}]][[say:x]]`
      const tools = [{ type: "function", ...fields }]
      const response = await post("responses", { input, stream, tools })
      expect(response.advisory).toEqual(words.map((word) => `tools[0].parameters.${word}`))
      expect([...offeredNames(service().model)].join()).toContain("look_up")
      const completion = await chat(`${input} `, stream, { tools: [{ type: "function", function: fields }] })
      expect(completion.advisory).toEqual(words.map((word) => `tools[0].function.parameters.${word}`))
      for (const { text } of [response, completion]) {
        expect(text).toContain("xyz")
        expect(text).not.toContain('\\"address\\":\\"f\\"')
      }
    })

    it(`are left out of the check of an answer, and named (streams: ${stream})`, async () => {
      const input = '[[say:{"answer":"ftp:"}]]'
      const format = { name: "answer", schema: answer, strict: true }
      const response = await post("responses", {
        input,
        stream,
        text: { format: { type: "json_schema", ...format } },
      })
      expect(response.advisory).toEqual(["text.format.schema.pattern"])
      const completion = await chat(input, stream, {
        response_format: { type: "json_schema", json_schema: format },
      })
      expect(completion.advisory).toEqual(["response_format.json_schema.schema.pattern"])
      for (const { text } of [response, completion]) expect(text).toContain("ftp")
    })
  }
})
