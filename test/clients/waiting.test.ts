import { createOpenAI } from "@ai-sdk/openai"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { ChatOpenAI } from "@langchain/openai"
import {
  Agent,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  run,
  setTracingDisabled,
} from "@openai/agents"
import { generateText, type LanguageModel, streamText } from "ai"
import OpenAI from "openai"
import { describe, expect, it } from "vitest"
import { type ClientService, useClientService } from "./client-service.ts"

// It would send what the tests do to OpenAI.
setTracingDisabled(true)

/** Silent for longer than ten signs of life. */
const prompt = "[[shell:sleep 1]][[then]][[say:At last.]]"

const bench = useClientService({ agent: "codex", limits: { keepAliveMs: 40 } })

const openai = ({ baseUrl: baseURL, fetch }: ClientService) =>
  new OpenAI({ baseURL, apiKey: "none", fetch, maxRetries: 0 })

async function streamed(model: LanguageModel): Promise<string> {
  let text = ""
  for await (const piece of streamText({ model, prompt, maxRetries: 0 }).textStream) text += piece
  return text
}

const whole = async (model: LanguageModel) => (await generateText({ model, prompt, maxRetries: 0 })).text

const ai = ({ baseUrl: baseURL, fetch }: ClientService) => createOpenAI({ baseURL, apiKey: "none", fetch })
const compatible = ({ baseUrl: baseURL, fetch }: ClientService) =>
  createOpenAICompatible({ name: "agent", baseURL, fetch })("manager")

const langchain = ({ baseUrl: baseURL, fetch }: ClientService, useResponsesApi: boolean) =>
  new ChatOpenAI({
    model: "manager",
    apiKey: "none",
    maxRetries: 0,
    useResponsesApi,
    configuration: { baseURL, fetch },
  })

async function streamedByLangchain(model: ChatOpenAI): Promise<string> {
  let text = ""
  for await (const chunk of await model.stream(prompt)) text += chunk.text
  return text
}

const agent = (of: ClientService, Model: typeof OpenAIResponsesModel | typeof OpenAIChatCompletionsModel) =>
  new Agent({ name: "Tester", model: new Model(openai(of), "manager") })

const inChat = { model: "manager", messages: [{ role: "user" as const, content: prompt }] }
const inResponses = { model: "manager", input: prompt }

const asking: Readonly<Record<string, (of: ClientService) => Promise<string | null | undefined>>> = {
  "openai, chat, whole": async (of) =>
    (await openai(of).chat.completions.create(inChat)).choices[0]?.message.content,
  "openai, chat, streamed": (of) => openai(of).chat.completions.stream(inChat).finalContent(),
  "openai, Responses, whole": async (of) => (await openai(of).responses.create(inResponses)).output_text,
  "openai, Responses, streamed": async (of) =>
    (await openai(of).responses.stream(inResponses).finalResponse()).output_text,
  "ai, chat, whole": (of) => whole(ai(of).chat("manager")),
  "ai, chat, streamed": (of) => streamed(ai(of).chat("manager")),
  "ai, Responses, whole": (of) => whole(ai(of)("manager")),
  "ai, Responses, streamed": (of) => streamed(ai(of)("manager")),
  "@ai-sdk/openai-compatible, whole": (of) => whole(compatible(of)),
  "@ai-sdk/openai-compatible, streamed": (of) => streamed(compatible(of)),
  "LangChain, chat, whole": async (of) => (await langchain(of, false).invoke(prompt)).text,
  "LangChain, chat, streamed": (of) => streamedByLangchain(langchain(of, false)),
  "LangChain, Responses, whole": async (of) => (await langchain(of, true).invoke(prompt)).text,
  "LangChain, Responses, streamed": (of) => streamedByLangchain(langchain(of, true)),
  "the Agents SDK, chat, whole": async (of) =>
    (await run(agent(of, OpenAIChatCompletionsModel), prompt)).finalOutput,
  "the Agents SDK, Responses, whole": async (of) =>
    (await run(agent(of, OpenAIResponsesModel), prompt)).finalOutput,
  "the Agents SDK, chat, streamed": async (of) => {
    const result = await run(agent(of, OpenAIChatCompletionsModel), prompt, { stream: true })
    await result.completed
    return result.finalOutput
  },
  "the Agents SDK, Responses, streamed": async (of) => {
    const result = await run(agent(of, OpenAIResponsesModel), prompt, { stream: true })
    await result.completed
    return result.finalOutput
  },
}

describe("a client that waits for long", () => {
  it.each(Object.entries(asking))("(%s) takes the signs of life for what they are", async (_way, ask) => {
    expect(await ask(bench)).toBe("At last.")
    const [exchange, ...more] = await bench.exchanges()
    expect(more).toEqual([])
    const signs = exchange?.body?.match(
      /^ {5,}\{|^event: keepalive$|"delta":\{\},"logprobs":null,"finish_reason":null/gm,
    )
    expect(signs?.length).toBeGreaterThan(0)
    expect(exchange?.body).not.toMatch(/^:/m)
  })
})
