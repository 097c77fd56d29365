import { createOpenAI } from "@ai-sdk/openai"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import {
  generateObject,
  generateText,
  isStepCount,
  type LanguageModel,
  Output,
  streamObject,
  streamText,
  tool,
} from "ai"
import { describe, expect, it } from "vitest"
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

interface Way {
  readonly way: string
  readonly modelOf: (bench: ClientService) => LanguageModel
  /** The provider reads what the agent thinks. */
  readonly readsReasoning: boolean
}

const ways: readonly Way[] = [
  {
    way: "@ai-sdk/openai responses",
    modelOf: ({ baseUrl: baseURL, fetch }) => createOpenAI({ baseURL, apiKey: "none", fetch })("manager"),
    readsReasoning: true,
  },
  {
    way: "@ai-sdk/openai chat",
    modelOf: ({ baseUrl: baseURL, fetch }) =>
      createOpenAI({ baseURL, apiKey: "none", fetch }).chat("manager"),
    // OpenAI's own chat completions have no field for it.
    readsReasoning: false,
  },
  {
    way: "@ai-sdk/openai-compatible",
    modelOf: ({ baseUrl: baseURL, fetch }) =>
      createOpenAICompatible({
        name: "agent",
        baseURL,
        fetch,
        includeUsage: true,
        supportsStructuredOutputs: true,
      })("manager"),
    readsReasoning: true,
  },
]

/** Two functions that write down what they were asked. */
function createTools() {
  const asked: string[] = []
  const answering = (name: string) =>
    tool({
      description: name,
      inputSchema: cityShape,
      execute: async ({ city }) => {
        asked.push(`${name} ${city}`)
        return `${city}: 21`
      },
    })
  return { asked, tools: { get_weather: answering("get_weather"), get_time: answering("get_time") } }
}

/** In how many threads of codex the test's turns ran. */
function threadsOf({ service }: ClientService): number {
  return new Set(service.model.requests.map((request) => request.headers["thread-id"])).size
}

describe.each(ways)("ai with $way and codex", ({ modelOf, readsReasoning }) => {
  const bench = useClientService({ agent: "codex" })
  const model = () => modelOf(bench)
  const settings = { maxRetries: 0, stopWhen: isStepCount(5) }

  it("generateText gives the answer of a turn that thinks and runs a command", async () => {
    const result = await generateText({ ...settings, model: model(), prompt: busyTurn })
    expect(result.text).toContain(busyAnswer)
    if (readsReasoning) expect(result.reasoningText).toContain("Thinking about it")
    expect(result.finishReason).toBe("stop")
    expect(result.usage.totalTokens).toBeGreaterThan(0)
    expect(await bench.exchanges()).toHaveLength(1)
  })

  it("streamText gives the same piece by piece", async () => {
    const errors: unknown[] = []
    const result = streamText({
      ...settings,
      model: model(),
      prompt: busyTurn,
      onError: ({ error }) => {
        errors.push(error)
      },
    })
    const pieces: string[] = []
    for await (const piece of result.textStream) pieces.push(piece)
    expect(errors).toEqual([])
    expect(pieces.length).toBeGreaterThan(1)
    expect(pieces.join("")).toContain(busyAnswer)
    if (readsReasoning) expect(await result.reasoningText).toContain("Thinking about it")
    expect(await result.finishReason).toBe("stop")
    expect((await result.usage).totalTokens).toBeGreaterThan(0)
  })

  it("a conversation goes on with the messages that came back, whole and streamed", async () => {
    const prompt = { role: "user" as const, content: busyTurn }
    const first = await generateText({ ...settings, model: model(), messages: [prompt] })
    const second = await generateText({
      ...settings,
      model: model(),
      messages: [prompt, ...first.responseMessages, { role: "user", content: "[[say:went on]]" }],
    })
    expect(second.text).toBe("went on")
    const third = streamText({
      ...settings,
      model: model(),
      messages: [
        prompt,
        ...first.responseMessages,
        { role: "user", content: "[[say:went on]]" },
        ...second.responseMessages,
        { role: "user", content: "[[say:and streamed]]" },
      ],
    })
    expect(await third.text).toBe("and streamed")
    expect(threadsOf(bench)).toBe(1)
  })

  it.each([
    { calls: "one after the other", prompt: callsInTurn, steps: 3 },
    { calls: "at once", prompt: twoCalls, steps: 2 },
  ])("generateText and streamText execute functions called $calls", async ({ prompt, steps }) => {
    for (const isStreaming of [false, true]) {
      const { asked, tools } = createTools()
      const request = { ...settings, model: model(), prompt, tools }
      const result = isStreaming ? streamText(request) : await generateText(request)
      expect(await result.text).toBe("done")
      expect(asked.sort()).toEqual(["get_time Rome", "get_weather Oslo"])
      expect(await result.steps).toHaveLength(steps)
    }
  })

  it("toolChoice names the function that is called, whole and streamed", async () => {
    for (const isStreaming of [false, true]) {
      const { asked, tools } = createTools()
      const request = {
        ...settings,
        model: model(),
        tools,
        stopWhen: isStepCount(1),
        toolChoice: { type: "tool", toolName: "get_time" } as const,
        prompt: '[[tool:get_time:{"city":"Rome"}]]',
      }
      const result = isStreaming ? streamText(request) : await generateText(request)
      expect(await result.finishReason).toBe("tool-calls")
      await result.steps
      expect(asked).toEqual(["get_time Rome"])
    }
  })

  it("an object comes from generateObject, streamObject and Output.object", async () => {
    const request = { maxRetries: 0, model: model(), prompt: answerTurn }
    expect((await generateObject({ ...request, schema: answerShape })).object).toEqual({ answer: "yes" })
    const objects: unknown[] = []
    for await (const object of streamObject({ ...request, schema: answerShape }).partialObjectStream)
      objects.push(object)
    expect(objects.at(-1)).toEqual({ answer: "yes" })
    const output = Output.object({ schema: answerShape })
    expect((await generateText({ ...request, output })).output).toEqual({ answer: "yes" })
    const streamed = streamText({ ...request, output })
    await streamed.consumeStream()
    expect(await streamed.output).toEqual({ answer: "yes" })
  })

  it("a failed turn is an error, whole and streamed", async () => {
    // By itself this library repeats every 5xx, whatever the answer's headers say.
    const request = { model: model(), prompt: "[[status:400]]", maxRetries: 0 }
    await expect(generateText(request)).rejects.toThrow(/400/)
    const errors: unknown[] = []
    const stream = streamText({ ...request, onError: ({ error }) => void errors.push(error) })
    await stream.consumeStream()
    expect(errors).toHaveLength(1)
    expect(await bench.exchanges()).toHaveLength(2)
  })
})

describe.each(ways)("ai with $way and the demo agent", ({ modelOf }) => {
  const bench = useClientService({ agent: "demo" })

  it("streams text and executes functions", async () => {
    const { asked, tools } = createTools()
    const said = await generateText({ model: modelOf(bench), prompt: "say hello" })
    expect(said.text).toBe("hello")
    const result = streamText({
      model: modelOf(bench),
      tools,
      stopWhen: isStepCount(3),
      prompt: 'call get_weather {"city":"Oslo"}',
    })
    expect(await result.text).toBe("get_weather answered: Oslo: 21")
    expect(asked).toEqual(["get_weather Oslo"])
  })
})
