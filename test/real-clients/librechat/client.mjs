// client.mjs WAY ACTION TEXT...: asks as LibreChat's server does, see docs/clients/librechat.md
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

// As LibreChat's server loads it. By `import` it would take files of @opentelemetry that do not fit each other.
const {
  ChatModelStreamHandler,
  createContentAggregator,
  formatAgentMessages,
  GraphEvents,
  Providers,
  Run,
  ToolEndHandler,
  tool,
} = createRequire(import.meta.url)("@librechat/agents")

const [way, action, ...texts] = process.argv.slice(2)
/** What LibreChat makes of an endpoint of `librechat.yaml`, and of the settings of a chat. */
const llmConfig = {
  provider: Providers.OPENAI,
  model: "manager",
  apiKey: "none",
  streaming: true,
  streamUsage: true,
  ...(action === "ask" && { streaming: false, disableStreaming: true }),
  useResponsesApi: way === "responses",
  maxRetries: 0,
  timeout: 3_600_000,
  configuration: {
    baseURL: process.env.BASE_URL,
    defaultHeaders: { "X-LibreChat-Conversation-Id": randomUUID() },
  },
}
const weather = tool(async ({ city }) => `sunny in ${city}`, {
  name: "get_weather",
  description: "The weather of a city.",
  schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
})
/** As its database has it. */
const conversation = []
const userMessage = (text, more = []) => ({ role: "user", content: [{ type: "text", text }, ...more] })
const textOf = (parts) =>
  parts.flatMap((part) => (part?.type === "text" ? [part.text?.value ?? part.text] : [])).join("")

/** One turn: the run, and the parts of its answer. */
async function ask(message) {
  conversation.push(message)
  const { contentParts, aggregateContent } = createContentAggregator()
  const aggregate = { handle: (event, data) => aggregateContent({ event, data }) }
  const run = await Run.create({
    runId: randomUUID(),
    graphConfig: {
      type: "standard",
      llmConfig,
      reasoningKey: "reasoning_content",
      instructions: "You are a helpful assistant.",
      ...(action === "tool" && { tools: [weather] }),
    },
    customHandlers: {
      [GraphEvents.TOOL_END]: new ToolEndHandler(),
      [GraphEvents.CHAT_MODEL_STREAM]: new ChatModelStreamHandler(),
      [GraphEvents.ON_RUN_STEP]: aggregate,
      [GraphEvents.ON_RUN_STEP_DELTA]: aggregate,
      [GraphEvents.ON_RUN_STEP_COMPLETED]: aggregate,
      [GraphEvents.ON_REASONING_DELTA]: aggregate,
      [GraphEvents.ON_MESSAGE_DELTA]: {
        handle: (event, data) => {
          if (action === "stream") process.stdout.write(textOf(data.delta.content))
          aggregateContent({ event, data })
        },
      },
    },
    returnContent: true,
  })
  const { messages } = formatAgentMessages(conversation)
  await run.processStream(
    { messages },
    { configurable: { thread_id: "conversation" }, recursionLimit: 50, streamMode: "values", version: "v2" },
  )
  conversation.push({ role: "assistant", content: contentParts })
  return { run, contentParts }
}

if (action === "title") {
  const { run, contentParts } = await ask(userMessage(texts[0]))
  const { title } = await run.generateTitle({
    provider: Providers.OPENAI,
    inputText: texts[0],
    contentParts,
    titleMethod: texts[1],
    clientOptions: { ...llmConfig, streaming: false },
  })
  console.log(title)
} else if (action === "thoughts") {
  const { contentParts } = await ask(userMessage(texts[0]))
  console.log(contentParts.flatMap((part) => (part?.type === "think" ? [part.think] : [])).join(""))
} else if (action === "picture") {
  const url = `data:image/png;base64,${readFileSync("dot.png").toString("base64")}`
  const image = { type: "image_url", image_url: { url, detail: "auto" } }
  console.log(textOf((await ask(userMessage(texts[0], [image]))).contentParts))
} else {
  let parts = []
  for (const text of texts) parts = (await ask(userMessage(text))).contentParts
  if (action !== "stream") console.log(textOf(action === "tool" ? parts.slice(-1) : parts))
}
