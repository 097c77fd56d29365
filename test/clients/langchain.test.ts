import {
  type AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
} from "@langchain/core/messages"
import { tool } from "@langchain/core/tools"
import { ChatOpenAI } from "@langchain/openai"
import { describe, expect, it } from "vitest"
import { type ClientService, useClientService } from "./client-service.ts"
import { answerShape, answerTurn, busyAnswer, busyTurn, cityShape, twoCalls } from "./scenarios.ts"

const ways = [
  { way: "chat completions", useResponsesApi: false },
  { way: "the Responses API", useResponsesApi: true },
]

function connect({ baseUrl, fetch }: ClientService, useResponsesApi: boolean): ChatOpenAI {
  return new ChatOpenAI({
    model: "manager",
    apiKey: "none",
    maxRetries: 0,
    useResponsesApi,
    configuration: { baseURL: baseUrl, fetch },
  })
}

const weather = tool(({ city }) => `${city}: 21`, {
  name: "get_weather",
  description: "Weather",
  schema: cityShape,
})
const time = tool(({ city }) => `${city}: noon`, { name: "get_time", description: "Time", schema: cityShape })

/** Runs the calls of an answer and appends both, as an agent of this library does. */
async function answerCalls(messages: BaseMessage[], answer: AIMessage): Promise<void> {
  messages.push(answer)
  for (const call of answer.tool_calls ?? []) {
    const result: unknown = await (call.name === "get_time" ? time : weather).invoke({
      ...call,
      type: "tool_call",
    })
    if (!(result instanceof ToolMessage)) throw new Error("no tool message")
    messages.push(result)
  }
}

async function joined(
  stream: AsyncIterable<AIMessageChunk>,
): Promise<{ all: AIMessageChunk; pieces: number }> {
  let all: AIMessageChunk | null = null
  let pieces = 0
  for await (const chunk of stream) {
    pieces += 1
    all = all === null ? chunk : all.concat(chunk)
  }
  if (all === null) throw new Error("an empty stream")
  return { all, pieces }
}

describe.each(ways)("langchain by $way and codex", ({ useResponsesApi }) => {
  const bench = useClientService({ agent: "codex" })
  const model = () => connect(bench, useResponsesApi)

  it("invoke gives the answer of a turn that thinks and runs a command", async () => {
    const answer = await model().invoke(busyTurn)
    expect(answer.text).toContain(busyAnswer)
    // Two requests to the model.
    expect(answer.usage_metadata).toMatchObject({ total_tokens: 2 * 1290 })
    expect(answer.tool_calls).toEqual([])
  })

  it("stream gives it in pieces that add up", async () => {
    const { all, pieces } = await joined(await model().stream(busyTurn))
    expect(pieces).toBeGreaterThan(2)
    expect(all.text).toContain(busyAnswer)
    expect(all.usage_metadata).toMatchObject({ total_tokens: 2 * 1290 })
  })

  it.each([false, true])(
    "bindTools brings calls, and takes their results (stream: %s)",
    async (isStreaming) => {
      const bound = model().bindTools([weather, time])
      const ask = async (messages: BaseMessage[]): Promise<AIMessage> =>
        isStreaming ? (await joined(await bound.stream(messages))).all : await bound.invoke(messages)
      const messages: BaseMessage[] = [new HumanMessage(twoCalls)]
      const first = await ask(messages)
      expect(first.tool_calls?.map((call) => [call.name, call.args]).sort()).toEqual([
        ["get_time", { city: "Rome" }],
        ["get_weather", { city: "Oslo" }],
      ])
      await answerCalls(messages, first)
      const second = await ask(messages)
      expect(second.text).toBe("done")
      expect(second.tool_calls).toEqual([])
      messages.push(second, new HumanMessage("[[say:and on]]"))
      expect((await ask(messages)).text).toBe("and on")
      // One conversation of the agent all the way.
      const threads = bench.service.model.requests.map((request) => request.headers["thread-id"])
      expect(new Set(threads).size).toBe(1)
    },
  )

  it("tool_choice forces a function, whole and streamed", async () => {
    const bound = model().bindTools([weather, time], { tool_choice: "get_time" })
    const turn = '[[tool:get_time:{"city":"Rome"}]]'
    for (const answer of [await bound.invoke(turn), (await joined(await bound.stream(turn))).all]) {
      expect(answer.tool_calls?.map((call) => [call.name, call.args])).toEqual([
        ["get_time", { city: "Rome" }],
      ])
    }
  })

  it("a resent answer with all that the agent did goes on, whole and streamed", async () => {
    const whole = await model().invoke(busyTurn)
    const streamed = (await joined(await model().stream(busyTurn))).all
    for (const first of [whole, streamed]) {
      const messages = [new HumanMessage(busyTurn), first, new HumanMessage("[[say:went on]]")]
      expect((await model().invoke(messages)).text).toBe("went on")
      expect((await joined(await model().stream(messages))).all.text).toBe("went on")
    }
  })

  it.each(["jsonSchema", "functionCalling"] as const)(
    "withStructuredOutput by %s gives an object",
    async (method) => {
      const turn = method === "jsonSchema" ? answerTurn : '[[tool:an_answer:{"answer":"yes"}]]'
      const structured = model().withStructuredOutput(answerShape, { method, name: "an_answer" })
      expect(await structured.invoke(turn)).toEqual({ answer: "yes" })
      // Its streaming parser of calls takes text only, and by this API it gets lists of content parts, whoever answers.
      if (useResponsesApi && method === "functionCalling") return
      const pieces: unknown[] = []
      for await (const piece of await structured.stream(turn)) pieces.push(piece)
      expect(pieces.at(-1)).toEqual({ answer: "yes" })
    },
  )

  it("a failed turn is an error that is not repeated", async () => {
    const patient = new ChatOpenAI({
      model: "manager",
      apiKey: "none",
      useResponsesApi,
      configuration: { baseURL: bench.baseUrl, fetch: bench.fetch },
      maxRetries: 0,
    })
    await expect(patient.invoke("[[status:400]]")).rejects.toThrow(/400/)
    await expect(async () => joined(await patient.stream("[[status:400]]"))).rejects.toThrow(/400/)
    expect(await bench.exchanges()).toHaveLength(2)
  })
})

describe.each(ways)("langchain by $way and the demo agent", ({ useResponsesApi }) => {
  const bench = useClientService({ agent: "demo" })

  it("streams text and calls functions", async () => {
    const bound = connect(bench, useResponsesApi).bindTools([weather])
    expect((await joined(await bound.stream("say hello there"))).all.text).toBe("hello there")
    const messages: BaseMessage[] = [new HumanMessage('call get_weather {"city":"Oslo"}')]
    await answerCalls(messages, await bound.invoke(messages))
    expect((await bound.invoke(messages)).text).toBe("get_weather answered: Oslo: 21")
  })
})
