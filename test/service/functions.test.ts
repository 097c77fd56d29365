import { readFileSync } from "node:fs"
import { join } from "node:path"
import type OpenAI from "openai"
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import type { Response, ResponseInput } from "openai/resources/responses/responses"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { toolOutputsOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
}
const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "Weather",
  parameters,
  strict: false,
}
const time = { ...weather, name: "get_time", description: "Time" }
const tools = [weather, time]
const chatTools = tools.map(({ type, strict: _strict, ...rest }) => ({ type, function: rest }))

const twoCalls = '[[tool:get_weather:{"city":"Oslo"}]][[tool:get_time:{"city":"Rome"}]]'

function callsOf(response: Response) {
  return response.output.filter((item) => item.type === "function_call")
}

function outputsFor(response: Response): ResponseInput {
  return callsOf(response).map((call) => ({
    type: "function_call_output" as const,
    call_id: call.call_id,
    output: `${call.name} says 21`,
  }))
}

describe.each([
  { modelName: "scripted-1", mode: "an unknown model" },
  { modelName: "gpt-5.5", mode: "gpt-5.5" },
  { modelName: "gpt-6-sol", mode: "code mode" },
])("functions of the client with $mode", ({ modelName }) => {
  let service: TestService
  let client: OpenAI

  beforeAll(async () => {
    service = await startTestService({ modelName })
    client = service.client
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  /** Outputs that the model got, in all requests. */
  function seenOutputs(): string {
    return service.model.requests
      .flatMap(toolOutputsOf)
      .map((output) => output.text)
      .join("\n")
  }

  it("go both ways in Responses: two calls at once, answered in one request, in the same native turn", async () => {
    const first = await client.responses.create({ model: "manager", input: `${twoCalls}[[say:done]]`, tools })
    expect(first.status).toBe("completed")
    expect(
      callsOf(first)
        .map((call) => [call.name, JSON.parse(call.arguments)])
        .sort(),
    ).toEqual([
      ["get_time", { city: "Rome" }],
      ["get_weather", { city: "Oslo" }],
    ])
    const requestsBefore = service.model.requests.length
    const second = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: outputsFor(first),
      tools,
    })
    expect(second.output_text).toBe("done")
    expect(seenOutputs()).toMatch(/get_weather says 21/)
    expect(seenOutputs()).toMatch(/get_time says 21/)
    // The same native turn: one more request to the model, on the same thread of codex.
    expect(service.model.requests).toHaveLength(requestsBefore + 1)
    expect(new Set(service.model.requests.map((request) => request.headers["thread-id"])).size).toBe(1)
    const total = (first.usage?.total_tokens ?? 0) + (second.usage?.total_tokens ?? 0)
    expect(total).toBe(1290 * service.model.requests.length)
  })

  it("go both ways in Responses streamed, and in chat whole", async () => {
    const stream = client.responses.stream({ model: "manager", input: `${twoCalls}[[say:done]]`, tools })
    const first = await stream.finalResponse()
    const second = await client.responses
      .stream({
        model: "manager",
        previous_response_id: first.id,
        input: outputsFor(first as Response),
        tools,
      })
      .finalResponse()
    expect(second.output_text).toBe("done")

    const messages: ChatCompletionMessageParam[] = [{ role: "user", content: `${twoCalls}[[say:done]]` }]
    const ask = () => client.chat.completions.create({ model: "manager", messages, tools: chatTools })
    const message = (await ask()).choices[0]?.message
    if (message?.tool_calls === undefined) throw new Error("no calls")
    messages.push(
      message,
      ...message.tool_calls.map(({ id }) => ({ role: "tool" as const, tool_call_id: id, content: "x" })),
    )
    const answer = await ask()
    expect(answer.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "done" } })
  })

  it("go on after the parking limit with no side effect repeated, and the model asked no more than needed", async () => {
    const counter = join(service.home, `counter-${modelName}`)
    const first = await client.responses.create({
      model: "manager",
      input: `[[shell:echo x >> ${counter}]][[then]]${twoCalls}[[say:done]]`,
      tools,
    })
    expect(callsOf(first)).toHaveLength(2)
    const asked = service.model.requests.length
    // What the limit does, without waiting for it: another request for the same thread's end.
    await service.restart()
    client = service.client
    const second = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: outputsFor(first),
      tools,
    })
    expect(second.output_text).toBe("done")
    expect(readFileSync(counter, "utf8")).toBe("x\n")
    expect(service.model.requests).toHaveLength(asked + 1)
  })

  it("are told anew, with new instructions, when the set changes while calls are open", async () => {
    const first = await client.responses.create({
      model: "manager",
      instructions: "The old way.",
      input: `${twoCalls}[[say:done]]`,
      tools,
    })
    const second = await client.responses.create({
      model: "manager",
      instructions: "The new way.",
      previous_response_id: first.id,
      input: outputsFor(first),
      tools: [{ ...weather, name: "get_news" }],
    })
    expect(second.output_text).toBe("done")
    const request = service.model.requests.at(-1)
    const body = JSON.stringify(request?.body)
    expect(body).toContain("The new way.")
    expect(body).not.toContain("The old way.")
    expect(body).toContain("get_news")
    expect(seenOutputs()).toMatch(/get_weather says 21/)
  })

  it("go both ways in chat, streamed, with a history that is resent", async () => {
    const messages: ChatCompletionMessageParam[] = [{ role: "user", content: `${twoCalls}[[say:done]]` }]
    const ask = () =>
      client.chat.completions.stream({ model: "manager", messages, tools: chatTools }).finalChatCompletion()
    const first = await ask()
    expect(first.choices[0]?.finish_reason).toBe("tool_calls")
    const message = first.choices[0]?.message
    if (message === undefined) throw new Error("no message")
    expect(message.tool_calls?.map((call) => call.type === "function" && call.function.name).sort()).toEqual([
      "get_time",
      "get_weather",
    ])
    messages.push(message)
    for (const call of message.tool_calls ?? []) {
      messages.push({ role: "tool", tool_call_id: call.id, content: `result of ${call.id}` })
    }
    const second = await ask()
    expect(second.choices[0]?.message.content).toBe("done")
    expect(second.choices[0]?.finish_reason).toBe("stop")
    for (const call of message.tool_calls ?? []) expect(seenOutputs()).toContain(`result of ${call.id}`)
    expect(new Set(service.model.requests.map((request) => request.headers["thread-id"])).size).toBe(1)
  })

  it("are answered after a restart: the agent goes on from the real results", async () => {
    const first = await client.responses.create({
      model: "manager",
      input: `[[shell:echo side-effect]][[then]]${twoCalls}[[say:went on]]`,
      tools,
    })
    expect(callsOf(first)).toHaveLength(2)
    await service.restart()
    client = service.client
    service.model.clearRequests()
    const second = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: outputsFor(first),
      tools,
    })
    expect(second.output_text).toBe("went on")
    expect(second.output.filter((item) => item.type === "mcp_call")).toEqual([])
    expect(seenOutputs()).toContain("get_weather says 21")
    expect(service.model.requests).toHaveLength(1)
    const third = await client.responses.create({
      model: "manager",
      previous_response_id: second.id,
      input: "[[say:still here]]",
      tools,
    })
    expect(third.output_text).toBe("still here")
  })

  it("named like the agent's own tools reach the client and nobody else", async () => {
    const own = [
      { ...weather, name: "exec_command" },
      { ...weather, name: "web_search" },
    ]
    const first = await client.responses.create({
      model: "manager",
      // What the model is offered under its own name would be the agent's: the client's has an alias on the way.
      input:
        '[[tool:client_exec_command:{"city":"Oslo"}]][[tool:client_web_search:{"city":"Rome"}]][[say:done]]',
      tools: own,
    })
    expect(
      callsOf(first)
        .map((call) => call.name)
        .sort(),
    ).toEqual(["exec_command", "web_search"])
    expect(first.output.filter((item) => item.type === "mcp_call")).toEqual([])
  })
})

describe("the rules of functions", () => {
  let service: TestService
  let client: OpenAI

  beforeAll(async () => {
    service = await startTestService({ limits: { parkMs: 300 } })
    client = service.client
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  const oneCall = '[[tool:get_weather:{"city":"Oslo"}]][[say:done]]'

  it("hold when the output comes after the parking limit", async () => {
    const first = await client.responses.create({ model: "manager", input: oneCall, tools })
    await expect
      .poll(() => service.logged.some((line) => line.message.includes("waited for its client")))
      .toBe(true)
    const second = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: outputsFor(first),
      tools,
    })
    expect(second.output_text).toBe("done")
    expect(
      service.model.requests
        .flatMap(toolOutputsOf)
        .map((output) => output.text)
        .join(),
    ).toContain("says 21")
  })

  it("count what a turn used that ended while it waited", async () => {
    const first = await client.responses.create({ model: "manager", input: oneCall, tools })
    expect(first.usage?.total_tokens).toBe(1290)
    await expect
      .poll(() => service.logged.filter((line) => line.message.includes("waited for its client")).length)
      .toBeGreaterThan(0)
    const second = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: outputsFor(first),
      tools,
    })
    const total = (first.usage?.total_tokens ?? 0) + (second.usage?.total_tokens ?? 0)
    expect(total).toBe(1290 * service.model.requests.length)
  })

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
    ).rejects.toMatchObject({ status: 502, code: "function_not_called" })
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
        tools: [{ ...weather, parameters: { type: "objekt" } }],
      }),
    ).rejects.toMatchObject({ status: 400, param: "tools", message: expect.stringContaining("get_weather") })
  })
})
