// client.mjs WAY ACTION TEXT...: see docs/clients/openai-agents.md
import { readFileSync } from "node:fs"
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
import * as z from "zod"

setTracingDisabled(true) // traces would go to OpenAI
const [way, action, ...texts] = process.argv.slice(2)
const client = new OpenAI({
  baseURL: process.env.BASE_URL,
  apiKey: "none",
  maxRetries: 0,
  timeout: 3_600_000,
})
const model = new (way === "responses" ? OpenAIResponsesModel : OpenAIChatCompletionsModel)(client, "manager")
const weather = tool({
  name: "get_weather",
  description: "The weather of a city.",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
})
const agent = new Agent({
  name: "Helper",
  model,
  ...(action === "tool" && { tools: [weather] }),
  ...(action === "shape" && { outputType: z.object({ answer: z.string() }) }),
})

if (action === "stream") {
  const stream = await run(agent, texts[0], { stream: true })
  for await (const text of stream.toTextStream()) process.stdout.write(text)
} else if (action === "picture") {
  const image = `data:image/png;base64,${readFileSync("dot.png").toString("base64")}`
  const content = [
    { type: "input_text", text: texts[0] },
    { type: "input_image", image },
  ]
  console.log((await run(agent, [{ role: "user", content }])).finalOutput)
} else {
  const session = new MemorySession()
  let result
  for (const text of texts) result = await run(agent, text, { session })
  console.log(action === "shape" ? JSON.stringify(result.finalOutput) : result.finalOutput)
}
