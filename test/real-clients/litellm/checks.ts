import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import OpenAI from "openai"
import { testCli } from "../../support/test-clis.ts"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { freePort } from "../support/free-port.ts"
import { onePixelPng } from "../support/picture.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import { checkClaudeCode } from "./claude-code.ts"

export const client: RealClient = {
  programs: ["LiteLLM 1.108.7 (proxy)", "claude-code behind its Anthropic door"],
  limitMinutes: 30,
  run: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    const service = await bench.startService()
    const url = await startLiteLlm(bench, environment, service.baseUrl)
    if (url === null) return
    const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
    await checkChat(bench, service, openai)
    await checkResponses(bench, service, openai)
    await checkMessages(bench, service, url)
    const claude = testCli("claude")
    if (claude === null) bench.skip("claude-code", "sh scripts/install-test-clis.sh")
    else await checkClaudeCode(bench, service, { url, key, command: claude })
  },
}

/** It reads a great deal of Python before it listens. */
const startLimitMs = 300_000

/** Of LiteLLM's own clients: it does not start without one, nor with one that is easily guessed. */
const key = "sk-3f1d9a6c84b27e50d1c6f8a94b3e7d2056a9c1e8f4b7d3a2"

/** As in docs/clients/litellm.md. */
function configYaml(baseUrl: string): string {
  return `model_list:
  - model_name: manager
    litellm_params:
      model: openai/manager
      api_base: ${baseUrl}
      api_key: none
      timeout: 3600
    model_info:
      supports_reasoning: true
      supports_vision: true
      supports_function_calling: true
      supports_response_schema: true

litellm_settings:
  num_retries: 0
  request_timeout: 3600
  drop_params: true

router_settings:
  num_retries: 0
  disable_cooldowns: true

general_settings:
  master_key: ${key}
`
}

/** Its address; null, told as a failure: it does not start. */
async function startLiteLlm(bench: Bench, environment: string, baseUrl: string): Promise<string | null> {
  const home = join(bench.folder, "litellm")
  await mkdir(home)
  const file = join(home, "config.yaml")
  await writeFile(file, configYaml(baseUrl))
  const port = await freePort()
  const running = bench.runOn({
    command: join(environment, "bin/litellm"),
    args: ["--config", file, "--host", "127.0.0.1", "--port", String(port)],
    cwd: home,
    // Its price map comes with it.
    env: { HOME: home, LITELLM_LOCAL_MODEL_COST_MAP: "True", LITELLM_TELEMETRY: "False" },
  })
  const url = `http://127.0.0.1:${port}`
  const isUp = await bench.check(
    "the proxy starts",
    async () => {
      const listens = async () => (await fetch(`${url}/health/liveliness`)).ok
      await waitFor(listens, { what: "it to listen", timeoutMs: startLimitMs, intervalMs: 500 }).catch(
        (error) => {
          throw new Error(`${error} ${running.output().slice(-800)}`)
        },
      )
    },
    startLimitMs + 10_000,
  )
  return isUp ? url : null
}

const weather = {
  name: "weather",
  description: "The weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}

async function checkChat(bench: Bench, service: ScriptedService, openai: OpenAI): Promise<void> {
  const name = (what: string) => `chat: ${what}`
  type Message = OpenAI.ChatCompletionMessageParam
  const ask = (messages: Message[], more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) =>
    openai.chat.completions.create({ model: "manager", messages, ...more })
  const user = (content: string): Message => ({ role: "user", content })

  await bench.check(name("the agent runs a command once"), async () => {
    const answer = await ask([user(`${service.command("chat")}[[say:It is done.]]`)])
    equal([answer.choices[0]?.message.content, service.ran("chat")], ["It is done.", 1])
  })
  await bench.check(name("words of a stream come one by one"), async () => {
    const stream = await openai.chat.completions.create({
      model: "manager",
      messages: [user("[[slow:20]]")],
      stream: true,
    })
    let words = 0
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) words += 1
    if (words < 10) throw new Error(`${words} pieces`)
  })
  await bench.check(
    name("a conversation is one thread of the agent, and remembers its command"),
    async () => {
      const before = service.threads().length
      const first = user(`${service.command("remembered")}[[say:First.]]`)
      const { choices } = await ask([first])
      const second: Message[] = [
        first,
        { role: "assistant", content: choices[0]?.message.content ?? "" },
        user("[[history]]"),
      ]
      includes((await ask(second)).choices[0]?.message.content ?? "", "First.")
      equal([service.threads().length - before, service.ran("remembered")], [1, 1])
    },
  )
  await bench.check(name("the agent calls a function of the client"), async () => {
    const tools: OpenAI.ChatCompletionTool[] = [{ type: "function", function: weather }]
    const first = user('[[tool:weather:{"city":"Paris"}]]')
    const { choices } = await ask([first], { tools })
    const message = choices[0]?.message
    const call = message?.tool_calls?.[0]
    if (message === undefined || call === undefined) throw new Error(JSON.stringify(choices))
    const output: Message = { role: "tool", tool_call_id: call.id, content: "sunny" }
    const answer = await ask([first, message, output], { tools })
    equal(answer.choices[0]?.message.content, "Done with tools.")
  })
  await bench.check(name("a picture comes to the agent"), async () => {
    const url = `data:image/png;base64,${onePixelPng.toString("base64")}`
    const content: OpenAI.ChatCompletionContentPart[] = [
      { type: "text", text: "[[image]]" },
      { type: "image_url", image_url: { url } },
    ]
    const answer = await ask([{ role: "user", content }])
    equal(answer.choices[0]?.message.content, `image:image/png:${onePixelPng.length}`)
  })
  await bench.check(name("an answer has the form of a schema"), async () => {
    const schema = {
      type: "object",
      properties: { answer: { type: "string" } },
      required: ["answer"],
      additionalProperties: false,
    }
    const answer = await ask([user("[[schema]]")], {
      response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
    })
    equal(JSON.parse(answer.choices[0]?.message.content ?? ""), { answer: "yes" })
  })
  await bench.check(name("a turn that fails when it has acted is not run again"), async () => {
    const failed = await ask([user(`${service.command("failed")}[[failed:server_error]]`)]).catch(String)
    equal(service.ran("failed"), 1, String(failed))
  })
  await bench.check(name("who hangs up stops the agent"), async () => {
    const ends = service.ends().length
    const controller = new AbortController()
    const stream = await openai.chat.completions.create(
      { model: "manager", messages: [user(`[[slow:400]]${service.command("late")}`)], stream: true },
      { signal: controller.signal },
    )
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    controller.abort()
    await waitFor(() => service.ends().slice(ends).includes("cancelled"), {
      what: "the turn to be cancelled",
      timeoutMs: 60_000,
    })
    equal(service.ran("late"), 0)
  })
}

async function checkResponses(bench: Bench, service: ScriptedService, openai: OpenAI): Promise<void> {
  const name = (what: string) => `Responses: ${what}`
  await bench.check(name("the agent runs a command once, and is gone on with by id"), async () => {
    const before = service.threads().length
    const first = await openai.responses.create({
      model: "manager",
      input: `${service.command("responses")}[[say:It is done.]]`,
    })
    equal([first.output_text, service.ran("responses")], ["It is done.", 1])
    const second = await openai.responses.create({
      model: "manager",
      input: "[[history]]",
      previous_response_id: first.id,
    })
    includes(second.output_text, "It is done.")
    equal(service.threads().length - before, 1)
  })
  await bench.check(name("a stream has its words and its end"), async () => {
    const stream = await openai.responses.create({ model: "manager", input: "[[slow:20]]", stream: true })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    equal(types.at(-1), "response.completed")
    const words = types.filter((type) => type === "response.output_text.delta").length
    if (words < 10) throw new Error(`${words} deltas`)
  })
  await bench.check(name("the agent calls a function of the client"), async () => {
    const tools: OpenAI.Responses.Tool[] = [{ type: "function", ...weather, strict: false }]
    const first = await openai.responses.create({
      model: "manager",
      input: '[[tool:weather:{"city":"Paris"}]]',
      tools,
    })
    const call = first.output.find((item) => item.type === "function_call")
    if (call === undefined) throw new Error(JSON.stringify(first.output))
    const second = await openai.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: call.call_id, output: "sunny" }],
      tools,
    })
    equal(second.output_text, "Done with tools.")
  })
}

/** Anthropic's Messages API, which LiteLLM turns into the service's. */
async function checkMessages(bench: Bench, service: ScriptedService, url: string): Promise<void> {
  const name = (what: string) => `Anthropic's door: ${what}`
  const ask = async (body: object) => {
    const answer = await fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": key, "anthropic-version": "2023-06-01" },
      body: JSON.stringify({ model: "manager", max_tokens: 4000, ...body }),
    })
    const text = await answer.text()
    equal(answer.status, 200, text)
    return text
  }
  await bench.check(name("the agent runs a command once"), async () => {
    const content = `${service.command("messages")}[[say:It is done.]]`
    includes(await ask({ messages: [{ role: "user", content }] }), "It is done.")
    equal(service.ran("messages"), 1)
  })
  await bench.check(name("the agent calls a tool of the client"), async () => {
    const { parameters: input_schema, ...more } = weather
    const tools = [{ ...more, input_schema }]
    const first = { role: "user", content: '[[tool:weather:{"city":"Paris"}]]' }
    const answer = JSON.parse(await ask({ messages: [first], tools }))
    const call = answer.content.find(({ type }: { type: string }) => type === "tool_use")
    equal(call?.input, { city: "Paris" }, JSON.stringify(answer))
    const result = {
      role: "user",
      content: [{ type: "tool_result", tool_use_id: call.id, content: "sunny" }],
    }
    const messages = [first, { role: "assistant", content: answer.content }, result]
    includes(await ask({ messages, tools }), "Done with tools.")
  })
}
