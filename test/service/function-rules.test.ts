import type OpenAI from "openai"
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import type { ResponseInput } from "openai/resources/responses/responses"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { toolOutputsOf } from "../model-server/request-readers.ts"
import {
  askInChat,
  callsOf,
  outputsFor,
  tools,
  twoCalls,
  weather,
  withResults,
} from "../support/client-functions.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

describe("the rules of functions", () => {
  let service: TestService
  let client: OpenAI

  beforeAll(async () => {
    service = await startTestService()
    client = service.client
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  const oneCall = '[[tool:get_weather:{"city":"Oslo"}]][[say:done]]'

  it("demand a call also of an answer to outputs", async () => {
    const first = await client.responses.create({ model: "manager", input: oneCall, tools })
    await expect(
      client.responses.create({
        model: "manager",
        previous_response_id: first.id,
        input: outputsFor(first),
        tools,
        tool_choice: "required",
      }),
    ).rejects.toMatchObject({ code: "function_not_called" })
  })

  it("take one output for a call", async () => {
    const first = await client.responses.create({ model: "manager", input: oneCall, tools })
    const [output] = outputsFor(first)
    if (output === undefined) throw new Error("no call")
    await expect(
      client.responses.create({
        model: "manager",
        previous_response_id: first.id,
        input: [output, output],
        tools,
      }),
    ).rejects.toMatchObject({ status: 400, message: expect.stringContaining("two outputs") })
  })

  it("let a new message take the place of the outputs in a session", async () => {
    const session = service.clientWith({ headers: { "X-Session-Id": "drops" } })
    await session.responses.create({ model: "manager", input: oneCall, tools })
    const next = await session.responses.create({ model: "manager", input: "[[say:other]]", tools })
    expect(next.output_text).toBe("other")
  })

  it("want an output for each call, and a call for each output", async () => {
    const first = await client.responses.create({ model: "manager", input: twoCalls, tools })
    const go = (input: ResponseInput | string) =>
      client.responses.create({ model: "manager", previous_response_id: first.id, input, tools })
    await expect(go("hello")).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/output for function call/),
    })
    await expect(go(outputsFor(first).slice(1))).rejects.toMatchObject({ status: 400 })
    await expect(
      go([...outputsFor(first), { type: "function_call_output", call_id: "call_unknown", output: "x" }]),
    ).rejects.toMatchObject({ status: 400, message: expect.stringContaining("call_unknown") })
  })

  it("name the field of the endpoint in chat, where it is called otherwise", async () => {
    const messages: ChatCompletionMessageParam[] = [{ role: "user", content: twoCalls }]
    const completion = await askInChat(client, messages, false)
    const [call, one, two] = withResults(completion)
    if (call === undefined || one === undefined || two === undefined) throw new Error("not two calls")
    for (const results of [[one], [one, one], [one, two, two]]) {
      await expect(askInChat(client, [...messages, call, ...results], false)).rejects.toMatchObject({
        status: 400,
        param: "messages",
      })
    }
  })

  it("show one call at a time without parallel_tool_calls", async () => {
    const ask = (fields: object) =>
      client.responses.create({ model: "manager", tools, parallel_tool_calls: false, input: "", ...fields })
    const first = await ask({ input: `${twoCalls}[[say:done]]` })
    expect(callsOf(first)).toHaveLength(1)
    const second = await ask({ previous_response_id: first.id, input: outputsFor(first) })
    expect(callsOf(second)).toHaveLength(1)
    const third = await ask({ previous_response_id: second.id, input: outputsFor(second) })
    expect(third.output_text).toBe("done")
  })

  it("send arguments that are not valid back to the agent once", async () => {
    const first = await client.responses.create({
      model: "manager",
      input: '[[tool:get_weather:{"town":"Oslo"}]][[then]][[tool:get_weather:{"city":"Oslo"}]][[say:done]]',
      tools,
    })
    expect(callsOf(first).map((call) => call.arguments)).toEqual(['{"city":"Oslo"}'])
    expect(
      service.model.requests
        .flatMap(toolOutputsOf)
        .map((output) => output.text)
        .join(),
    ).toMatch(/not valid/)
  })

  it("keep functions back under tool_choice none, and demand one under required", async () => {
    const none = await client.responses.create({
      model: "manager",
      input: oneCall,
      tools,
      tool_choice: "none",
    })
    expect(callsOf(none)).toEqual([])
    expect(none.output_text).toBe("done")
    await expect(
      client.responses.create({ model: "manager", input: "[[say:no]]", tools, tool_choice: "required" }),
    ).rejects.toMatchObject({ status: 400, code: "function_not_called" })
    const named = await client.responses.create({
      model: "manager",
      input: oneCall,
      tools,
      tool_choice: { type: "function", name: "get_weather" },
    })
    expect(callsOf(named).map((call) => call.name)).toEqual(["get_weather"])
  })

  it("hold for a request that is not stored", async () => {
    const input: ResponseInput = [{ role: "user", content: oneCall }]
    const first = await client.responses.create({ model: "manager", input, tools, store: false })
    const second = await client.responses.create({
      model: "manager",
      input: [...input, ...(first.output as ResponseInput), ...outputsFor(first)],
      tools,
      store: false,
    })
    expect(second.output_text).toBe("done")
    expect(new Set(service.model.requests.map((request) => request.headers["thread-id"])).size).toBe(1)
  })

  it("take results as parts and images, and long ones whole", async () => {
    const first = await client.responses.create({ model: "manager", input: oneCall, tools })
    const [call] = callsOf(first)
    const long = "x".repeat(100_000)
    await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      tools,
      input: [
        {
          type: "function_call_output",
          call_id: call?.call_id ?? "",
          output: [{ type: "input_text", text: long }],
        },
      ],
    })
    expect(service.model.requests.flatMap(toolOutputsOf).some((output) => output.text.includes(long))).toBe(
      true,
    )
  })

  it("refuse a schema that is none, and tools that are no functions, by name", async () => {
    await expect(
      client.responses.create({
        model: "manager",
        input: "x",
        tools: [{ ...weather, parameters: { properties: { city: { type: "text" } } } }],
      }),
    ).rejects.toMatchObject({
      status: 400,
      param: "tools[0].parameters",
      message: expect.stringContaining("get_weather"),
    })
  })
})
