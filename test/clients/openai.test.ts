import OpenAI from "openai"
import { ResponsesToolRunner } from "openai/helpers/responses-tool-runner"
import { zodFunction, zodResponseFormat, zodResponsesFunction, zodTextFormat } from "openai/helpers/zod"
import type { ResponseInput } from "openai/resources/responses/responses"
import { describe, expect, it } from "vitest"
import { useClientService } from "./client-service.ts"
import {
  answerShape,
  answerTurn,
  busyAnswer,
  busyTurn,
  callsInTurn,
  cityShape,
  twoCalls,
} from "./scenarios.ts"

const responseTools = ["get_weather", "get_time"].map((name) =>
  zodResponsesFunction({ name, parameters: cityShape }),
)

describe.each([{ modelName: "scripted-1" }, { modelName: "gpt-6-sol" }])(
  "openai and codex with $modelName",
  ({ modelName }) => {
    const bench = useClientService({ agent: "codex", modelName })
    const connect = () =>
      new OpenAI({ baseURL: bench.baseUrl, apiKey: "none", fetch: bench.fetch, maxRetries: 0 })

    it("responses.create shows what the agent did beside its answer, and reads it all back", async () => {
      const client = connect()
      const first = await client.responses.create({ model: "manager", input: busyTurn })
      expect(first.output_text).toContain(busyAnswer)
      expect(first.output.map((item) => item.type)).toEqual(
        expect.arrayContaining(["reasoning", "mcp_call", "message"]),
      )
      const second = await client.responses.create({
        model: "manager",
        store: false,
        input: [
          { role: "user", content: busyTurn },
          // The library's types tell what comes back from what is sent, for items that nobody here makes.
          ...(first.output as ResponseInput),
          { role: "user", content: "[[say:went on]]" },
        ],
      })
      expect(second.output_text).toBe("went on")
    })

    it("responses.stream builds the same response out of events as the service ends with", async () => {
      const deltas: string[] = []
      const stream = connect()
        .responses.stream({ model: "manager", input: busyTurn })
        .on("response.output_text.delta", (event) => deltas.push(event.delta))
      const final = await stream.finalResponse()
      expect(deltas.join("")).toContain(busyAnswer)
      expect(final.output_text).toBe(deltas.join(""))
      const stored = await connect().responses.retrieve(final.id)
      expect(stored.output.map((item) => item.id)).toEqual(final.output.map((item) => item.id))
    })

    it("responses.stream brings the arguments of what the agent did by itself in deltas, as those of functions", async () => {
      const stream = connect().responses.stream({ model: "manager", input: busyTurn })
      const told: string[] = []
      let announced: unknown = null
      let deltas = ""
      for await (const event of stream) {
        const isCall = event.type === "response.output_item.added" && event.item.type === "mcp_call"
        if (isCall) announced = event.item
        if (isCall || event.type.startsWith("response.mcp_call")) told.push(event.type)
        if (event.type === "response.mcp_call_arguments.delta") deltas += event.delta
        if (event.type === "response.mcp_call_arguments.done") expect(event.arguments).toBe(deltas)
      }
      expect(announced).toMatchObject({ arguments: "", output: null, error: null, status: "in_progress" })
      expect(JSON.parse(deltas).command).toContain("echo from-the-shell")
      expect(told).toEqual([
        "response.output_item.added",
        "response.mcp_call.in_progress",
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
        "response.mcp_call.completed",
      ])
    })

    it("responses.parse and responses.stream give an answer in the form of a zod object", async () => {
      const text = { format: zodTextFormat(answerShape, "an_answer") }
      const whole = await connect().responses.parse({ model: "manager", input: answerTurn, text })
      expect(whole.output_parsed).toEqual({ answer: "yes" })
      const streamed = await connect()
        .responses.stream({ model: "manager", input: answerTurn, text })
        .finalResponse()
      expect(streamed.output_parsed).toEqual({ answer: "yes" })
    })

    it("responses.stream brings two calls with parsed arguments, and goes on with their outputs", async () => {
      const client = connect()
      const first = await client.responses
        .stream({ model: "manager", input: twoCalls, tools: responseTools })
        .finalResponse()
      const calls = first.output.filter((item) => item.type === "function_call")
      expect(calls.map((call) => [call.name, call.parsed_arguments]).sort()).toEqual([
        ["get_time", { city: "Rome" }],
        ["get_weather", { city: "Oslo" }],
      ])
      const second = await client.responses
        .stream({
          model: "manager",
          previous_response_id: first.id,
          tools: responseTools,
          input: calls.map((call) => ({ type: "function_call_output", call_id: call.call_id, output: "21" })),
        })
        .finalResponse()
      expect(second.output_text).toBe("done")
    })

    it("chat.completions.parse and the stream's finalChatCompletion parse the answer", async () => {
      const request = {
        model: "manager",
        messages: [{ role: "user" as const, content: answerTurn }],
        response_format: zodResponseFormat(answerShape, "an_answer"),
      }
      const whole = await connect().chat.completions.parse(request)
      expect(whole.choices[0]?.message.parsed).toEqual({ answer: "yes" })
      const streamed = await connect().chat.completions.stream(request).finalChatCompletion()
      expect(streamed.choices[0]?.message.parsed).toEqual({ answer: "yes" })
    })

    it.each([false, true])(
      "chat.completions.runTools runs functions until the answer (stream: %s)",
      async (stream) => {
        const asked: string[] = []
        const tools = ["get_weather", "get_time"].map((name) =>
          zodFunction({
            name,
            parameters: cityShape,
            function: ({ city }) => {
              asked.push(`${name} ${city}`)
              return "21"
            },
          }),
        )
        const messages = [{ role: "user" as const, content: callsInTurn }]
        const { completions } = connect().chat
        const answer = stream
          ? await completions.runTools({ model: "manager", messages, tools, stream: true }).finalContent()
          : await completions.runTools({ model: "manager", messages, tools }).finalContent()
        expect(answer).toBe("done")
        expect(asked).toEqual(["get_weather Oslo", "get_time Rome"])
      },
    )

    it("ResponsesToolRunner runs functions beside what the agent does, whose server it has declared", async () => {
      const asked: unknown[] = []
      const [tool] = responseTools
      if (tool === undefined) throw new Error("no function")
      const { name, parameters } = tool
      const runner = new ResponsesToolRunner({
        functions: [
          {
            tool: { type: "function", name, parameters: parameters ?? {}, strict: true },
            execute: (args) => {
              asked.push(args)
              return "21"
            },
          },
        ],
      })
      const final = await runner.run(connect(), {
        model: "manager",
        input: '[[shell:echo from-the-shell]][[then]][[tool:get_weather:{"city":"Oslo"}]][[say:done]]',
        tools: [{ type: "mcp", server_label: "codex", require_approval: "never" }],
      })
      expect([final.output_text, asked]).toEqual(["done", [{ city: "Oslo" }]])
    })

    it("chat.completions.stream tells content, usage and end by its events", async () => {
      const seen: string[] = []
      const stream = connect()
        .chat.completions.stream({
          model: "manager",
          messages: [{ role: "user", content: busyTurn }],
          stream_options: { include_usage: true },
        })
        .on("content", (delta) => seen.push(delta))
      const final = await stream.finalChatCompletion()
      expect(seen.join("")).toBe(busyAnswer)
      expect(final.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: busyAnswer } })
      expect((await stream.totalUsage()).total_tokens).toBeGreaterThan(0)
      const [exchange] = await bench.exchanges()
      expect(exchange?.body).toContain("from-the-shell")
    })
  },
)

describe("openai and the demo agent", () => {
  const bench = useClientService({ agent: "demo" })
  const connect = () =>
    new OpenAI({ baseURL: bench.baseUrl, apiKey: "none", fetch: bench.fetch, maxRetries: 0 })

  it("stream, parse and run tools as with a real one", async () => {
    const client = connect()
    const stream = client.responses.stream({ model: "manager", input: "say Grüße 🌍 an alle da draußen" })
    expect((await stream.finalResponse()).output_text).toBe("Grüße 🌍 an alle da draußen")
    const parsed = await client.responses.parse({
      model: "manager",
      input: "anything",
      text: { format: zodTextFormat(answerShape, "an_answer") },
    })
    expect(answerShape.safeParse(parsed.output_parsed).success).toBe(true)
    const runner = client.chat.completions.runTools({
      model: "manager",
      messages: [{ role: "user", content: 'call get_weather {"city":"Oslo"}' }],
      tools: [
        zodFunction({ name: "get_weather", parameters: cityShape, function: ({ city }) => `${city}: 21` }),
      ],
    })
    expect(await runner.finalContent()).toBe("get_weather answered: Oslo: 21")
  })
})
