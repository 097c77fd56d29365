import {
  Agent,
  MemorySession,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  run,
  setTracingDisabled,
  tool,
} from "@openai/agents"
import OpenAI from "openai"
import { describe, expect, it } from "vitest"
import { conversationOf } from "../model-server/request-readers.ts"
import { type ClientService, useClientService } from "./client-service.ts"
import {
  answerShape,
  answerTurn,
  busyAnswer,
  busyTurn,
  callsInTurn,
  cityShape,
  twoCalls,
} from "./scenarios.ts"

// It would send what the tests do to OpenAI.
setTracingDisabled(true)

const ways = [
  { way: "chat completions", Model: OpenAIChatCompletionsModel },
  { way: "the Responses API", Model: OpenAIResponsesModel },
]

function connect(bench: ClientService): OpenAI {
  return new OpenAI({ baseURL: bench.baseUrl, apiKey: "none", fetch: bench.fetch, maxRetries: 0 })
}

function createTools() {
  const asked: string[] = []
  const answering = (name: string) =>
    tool({
      name,
      description: name,
      parameters: cityShape,
      execute: async ({ city }) => {
        asked.push(`${name} ${city}`)
        return `${city}: 21`
      },
    })
  return { asked, tools: [answering("get_weather"), answering("get_time")] }
}

describe.each(ways)("openai agents by $way and codex", ({ Model }) => {
  const bench = useClientService({ agent: "codex" })
  const model = () => new Model(connect(bench), "manager")

  it.each([
    { calls: "one after the other", prompt: callsInTurn },
    { calls: "at once", prompt: twoCalls },
  ])("run executes functions called $calls, whole and streamed", async ({ prompt }) => {
    for (const stream of [false, true]) {
      const { asked, tools } = createTools()
      const agent = new Agent({ name: "Traveller", instructions: "Be brief.", model: model(), tools })
      const result = stream ? await run(agent, prompt, { stream: true }) : await run(agent, prompt)
      if ("completed" in result) await result.completed
      expect(result.finalOutput).toBe("done")
      expect(asked.sort()).toEqual(["get_time Rome", "get_weather Oslo"])
    }
  })

  it("run streams the text of a turn that thinks and runs a command", async () => {
    const agent = new Agent({ name: "Worker", model: model() })
    const result = await run(agent, busyTurn, { stream: true })
    let text = ""
    for await (const piece of result.toTextStream()) text += piece
    await result.completed
    expect(result.error).toBeNull()
    expect(text).toContain(busyAnswer)
    expect(result.finalOutput).toContain(busyAnswer)
  })

  it("a history of the run's own is taken back, with all that the agent did, whole and streamed", async () => {
    const agent = new Agent({ name: "Worker", model: model() })
    const first = await run(agent, busyTurn)
    const second = await run(agent, [...first.history, { role: "user", content: "[[say:went on]]" }])
    expect(second.finalOutput).toBe("went on")
    const again: typeof second.history = [
      ...second.history,
      { role: "user", content: "[[say:and streamed]]" },
    ]
    const third = await run(agent, again, { stream: true })
    await third.completed
    expect(third.finalOutput).toBe("and streamed")
  })

  it("a session remembers, and the model sees every message once", async () => {
    const session = new MemorySession()
    const { tools } = createTools()
    const agent = new Agent({ name: "Worker", model: model(), tools })
    await run(agent, `[[say:one]] first`, { session })
    await run(agent, `${twoCalls} second`, { session })
    const last = await run(agent, "[[say:three]] third", { session })
    expect(last.finalOutput).toBe("three")
    const streamed = await run(agent, "[[say:four]] fourth", { session, stream: true })
    await streamed.completed
    expect(streamed.finalOutput).toBe("four")
    const request = bench.service.model.requests.at(-1)
    if (request === undefined) throw new Error("no request")
    const texts = conversationOf(request).map((message) => message.text)
    for (const once of ["first", "second", "third", "fourth"]) {
      expect(texts.filter((text) => text.includes(once))).toHaveLength(1)
    }
  })

  it("outputType gives an object, whole and streamed", async () => {
    const agent = new Agent({ name: "Worker", model: model(), outputType: answerShape })
    expect((await run(agent, answerTurn)).finalOutput).toEqual({ answer: "yes" })
    const streamed = await run(agent, answerTurn, { stream: true })
    await streamed.completed
    expect(streamed.finalOutput).toEqual({ answer: "yes" })
  })
})

describe("openai agents by the Responses API", () => {
  const bench = useClientService({ agent: "codex" })

  it("goes on by previousResponseId, also through function calls, and keeps the native thread", async () => {
    const { asked, tools } = createTools()
    const agent = new Agent({
      name: "Worker",
      model: new OpenAIResponsesModel(connect(bench), "manager"),
      tools,
    })
    const first = await run(agent, "[[say:one]]")
    const chain = (id: string | undefined) => (id === undefined ? {} : { previousResponseId: id })
    const second = await run(agent, callsInTurn, chain(first.lastResponseId))
    expect(second.finalOutput).toBe("done")
    const third = await run(agent, "[[history]]", { ...chain(second.lastResponseId), stream: true })
    await third.completed
    expect(asked).toEqual(["get_weather Oslo", "get_time Rome"])
    const said: { role: string; text: string }[] = JSON.parse(String(third.finalOutput))
    expect(said.filter((message) => message.text.includes("[[say:one]]"))).toHaveLength(1)
    const threads = bench.service.model.requests.map((request) => request.headers["thread-id"])
    expect(new Set(threads).size).toBe(1)
  })
})

describe.each(ways)("openai agents by $way and the demo agent", ({ Model }) => {
  const bench = useClientService({ agent: "demo" })

  it("runs functions", async () => {
    const { asked, tools } = createTools()
    const agent = new Agent({ name: "Traveller", model: new Model(connect(bench), "manager"), tools })
    const result = await run(agent, 'call get_weather {"city":"Oslo"}')
    expect(result.finalOutput).toBe("get_weather answered: Oslo: 21")
    expect(asked).toEqual(["get_weather Oslo"])
  })
})
