import type OpenAI from "openai"
import type { ResponseTextConfig } from "openai/resources/responses/responses"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { developerTextOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

const properties = { answer: { type: "string" } }
const strict = { type: "object", properties, required: ["answer"], additionalProperties: false }
/** No model server takes it as a strict schema: it is held by us alone. */
const open = { type: "object", properties, required: ["answer"] }
const good = '{"answer":"yes"}'
const wrong = '{"answer":1}'
const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "",
  strict: false,
  parameters: { type: "object", properties: { city: { type: "string" } } },
}

function textOf(schema: Record<string, unknown>): ResponseTextConfig {
  return { format: { type: "json_schema", name: "answer", schema, strict: true } }
}

describe("a structured answer over codex", () => {
  let service: TestService
  let client: OpenAI

  beforeAll(async () => {
    service = await startTestService()
    client = service.client
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  const ask = (input: string, schema: Record<string, unknown>, more: object = {}) =>
    client.responses.create({ model: "manager", input, text: textOf(schema), ...more })

  const inChat = (input: string, schema: Record<string, unknown>) => ({
    model: "manager",
    messages: [{ role: "user" as const, content: input }],
    response_format: { type: "json_schema" as const, json_schema: { name: "answer", schema, strict: true } },
  })

  /** What a client of chat has seen of the answer, and why it got no more of it. */
  async function streamedInChat(input: string, schema: Record<string, unknown>) {
    const stream = await client.chat.completions.create({ ...inChat(input, schema), stream: true })
    let text = ""
    try {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ""
    } catch (error) {
      return { text, error }
    }
    return { text }
  }

  async function streamed(input: string, schema: Record<string, unknown>) {
    const stream = await client.responses.create({
      model: "manager",
      input,
      text: textOf(schema),
      stream: true,
    })
    const deltas: string[] = []
    let last = ""
    try {
      for await (const event of stream) {
        if (event.type === "response.output_text.delta") deltas.push(event.delta)
        last = event.type
      }
    } catch (error) {
      return { deltas, error }
    }
    return { deltas, last }
  }

  it("is held by the model server where the schema is strict", async () => {
    const response = await ask("[[schema]]", strict)
    expect(response.output_text).toBe(good)
    expect(service.model.requests).toHaveLength(1)
    expect(service.model.requests[0]?.body).toMatchObject({
      text: { format: { type: "json_schema", schema: strict } },
    })
  })

  it("is told to the agent and validated where the schema is not", async () => {
    const response = await ask("[[schema]]", open)
    expect(response.output_text).toBe(good)
    const [request] = service.model.requests
    expect(request?.body).not.toMatchObject({ text: { format: { type: "json_schema" } } })
    expect(request === undefined ? "" : developerTextOf(request)).toContain(JSON.stringify(open))
  })

  it.each([
    ["strict", strict],
    ["open", open],
  ])("that is wrong once is corrected by the agent, with a %s schema", async (_name, schema) => {
    const response = await ask(`[[say:${wrong}]][[fix:${good}]]`, schema)
    expect(response.output_text).toBe(good)
    expect(service.model.requests).toHaveLength(2)
    expect(response.usage?.total_tokens).toBe(1290 * 2)
    // On the same thread, which goes on from the answer that the client saw.
    expect(new Set(service.model.requests.map((request) => request.headers["thread-id"])).size).toBe(1)
    const next = await client.responses.create({
      model: "manager",
      input: "[[history]]",
      previous_response_id: response.id,
    })
    expect(next.output_text).toContain(JSON.stringify(good).slice(1, -1))
  })

  it.each([
    ["strict", strict],
    ["open", open],
  ])(
    "that is wrong once is corrected also in a stream and in chat, with a %s schema",
    async (_name, schema) => {
      const input = `[[say:${wrong}]][[fix:${good}]]`
      expect((await streamed(input, schema)).deltas.join("")).toBe(good)
      const whole = await client.chat.completions.create(inChat(input, schema))
      expect(whole.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: good } })
      expect(await streamedInChat(input, schema)).toEqual({ text: good })
      expect(service.model.requests).toHaveLength(2 * 3)
    },
  )

  it.each([
    ["strict", strict],
    ["open", open],
  ])("that is always wrong is an error and never a wrong answer, with a %s schema", async (_name, schema) => {
    await expect(ask("[[say:no JSON]]", schema)).rejects.toMatchObject({
      status: 400,
      code: "answer_format_mismatch",
      message: expect.stringContaining("not JSON"),
    })
    expect(service.model.requests).toHaveLength(2)
    const { deltas, error } = await streamed("[[say:no JSON]]", schema)
    expect(deltas).toEqual([])
    expect(error).toMatchObject({ code: "answer_format_mismatch" })
    await expect(client.chat.completions.create(inChat("[[say:no JSON]]", schema))).rejects.toMatchObject({
      status: 400,
      code: "answer_format_mismatch",
    })
    expect(await streamedInChat("[[say:no JSON]]", schema)).toEqual({
      text: "",
      error: expect.objectContaining({ code: "answer_format_mismatch" }),
    })
  })

  it("streams once the model says that this is the final answer, and is never shown twice", async () => {
    const { deltas } = await streamed(`[[commentary:I look.]][[say:${good}]]`, strict)
    expect(deltas.join("")).toBe(good)
    expect(deltas.length).toBeGreaterThan(1)
    const failed = await streamed(`[[commentary:I look.]][[say:${wrong}]][[fix:${good}]]`, strict)
    expect(failed.deltas.join("")).toBe(wrong)
    expect(failed.error).toMatchObject({ code: "answer_format_mismatch" })
    const corrected = await streamed(`[[commentary:I look.]][[say:${wrong}]][[fix:${good}]]`, open)
    expect(corrected.deltas.join("")).toBe(good)
  })

  it("parses with the official client, whatever the agent said and did on the way", async () => {
    const input = `[[commentary:I look.]][[shell:echo hi]][[then]][[say:${good}]]`
    const parsed = await client.responses.parse({ model: "manager", input, text: textOf(strict) })
    expect(parsed.output_parsed).toEqual({ answer: "yes" })
    expect(parsed.output.map((item) => item.type)).toContain("reasoning")
  })

  it("is no part of the conversation: the next answer is free again", async () => {
    const first = await ask("[[schema]]", open)
    const second = await client.responses.create({
      model: "manager",
      input: "[[say:plain]]",
      previous_response_id: first.id,
    })
    expect(second.output_text).toBe("plain")
  })

  it("is any JSON object as json_object, in chat too, also out of a code fence", async () => {
    const chat = (content: string) =>
      client.chat.completions.create({
        model: "manager",
        messages: [{ role: "user", content }],
        response_format: { type: "json_object" },
      })
    const fenced = await chat('[[say:```json\n{"a":[1]}\n```]]')
    expect(fenced.choices[0]?.message.content).toBe('{"a":[1]}')
    const corrected = await chat('[[say:[1]]][[fix:{"b":2}]]')
    expect(corrected.choices[0]?.message.content).toBe('{"b":2}')
    await expect(chat("[[say:[1]]]")).rejects.toMatchObject({ status: 400, code: "answer_format_mismatch" })
  })

  it("goes together with functions: only the answer has the form, calls come as they are", async () => {
    const script = `[[tool:get_weather:{"city":"Oslo"}]][[say:${good}]]`
    const first = await ask(script, strict, { tools: [weather], tool_choice: "required" })
    const [call] = first.output.filter((item) => item.type === "function_call")
    expect(call?.arguments).toBe('{"city":"Oslo"}')
    const output = { type: "function_call_output" as const, call_id: call?.call_id ?? "", output: "21" }
    const second = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: [output],
      tools: [weather],
      text: textOf(strict),
    })
    expect(second.output_text).toBe(good)
    // Asked for with the outputs only: the turn that goes on knows nothing of it, and is corrected.
    const third = await client.responses.create({
      model: "manager",
      input: `[[tool:get_weather:{"city":"Oslo"}]][[say:21 degrees]][[fix:${good}]]`,
      tools: [weather],
    })
    const late = third.output.find((item) => item.type === "function_call")
    const fourth = await client.responses.create({
      model: "manager",
      previous_response_id: third.id,
      input: [{ ...output, call_id: late?.call_id ?? "" }],
      tools: [weather],
      text: textOf(strict),
    })
    expect(fourth.output_text).toBe(good)
  })

  it("that was corrected is not cut for what was wrong before", async () => {
    const response = await ask(`[[say:${"long ".repeat(20)}]][[fix:${good}]]`, open, {
      max_output_tokens: 26,
    })
    expect(response).toMatchObject({ status: "completed", output_text: good })
  })

  it("is refused with a schema that is none, and the field is named", async () => {
    await expect(ask("x", { type: "objekt" })).rejects.toMatchObject({ status: 400, param: "text.format" })
  })

  it("does no harm to the service, whatever the schema is", async () => {
    const isHealthy = async () => (await fetch(`${service.url}/health`)).status === 200
    const refusedSchemas = [
      { $async: true },
      { ...strict, properties: { answer: { $async: true } } },
      { $ref: "#" },
      { $ref: "https://example.com/schema.json" },
      { properties: Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`p${n}`, {}])) },
    ]
    for (const schema of refusedSchemas) {
      await expect(ask("[[schema]]", schema)).rejects.toMatchObject({ status: 400, param: "text.format" })
      const tools = [{ ...weather, parameters: schema }]
      const withFunction = client.responses.create({ model: "manager", input: "x", tools })
      await expect(withFunction).rejects.toMatchObject({ status: 400, param: "tools[0].parameters" })
      expect(await isHealthy()).toBe(true)
    }
    expect((await ask("[[schema]]", open)).output_text).toBe(good)
  })
})

describe("a structured answer over the demo agent", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService({ cli: "/nonexistent/codex", demoFallback: true })
  })
  afterAll(() => service.stop())

  it.each([
    ["strict", strict],
    ["open", open],
  ])("has the form of a %s schema", async (_name, schema) => {
    const response = await service.client.responses.create({
      model: "manager",
      input: "hello",
      text: textOf(schema),
    })
    expect(JSON.parse(response.output_text)).toEqual({ answer: "demo" })
  })

  it("is an object as json_object", async () => {
    const response = await service.client.responses.create({
      model: "manager",
      input: "hello",
      text: { format: { type: "json_object" } },
    })
    expect(JSON.parse(response.output_text)).toEqual({})
    expect(response.text?.format).toEqual({ type: "json_object" })
  })

  it("fails where the agent cannot do it", async () => {
    // The demo answers with the smallest value by a few keywords, and a pattern is none of them.
    const schema = {
      type: "object",
      properties: { answer: { type: "string", pattern: "^[0-9]+$" } },
      required: ["answer"],
      additionalProperties: false,
    }
    await expect(
      service.client.responses.create({ model: "manager", input: "hello", text: textOf(schema) }),
    ).rejects.toMatchObject({ status: 400, code: "answer_format_mismatch" })
  })
})
