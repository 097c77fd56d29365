// ask.js LIBRARY chat|responses whole|stream: asks once for PROMPT at BASE_URL, and prints what the person gets.
import { createOpenAI } from "@ai-sdk/openai"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { ChatOpenAI } from "@langchain/openai"
import { generateText, streamText } from "ai"
import OpenAI from "openai"

const [library, api, mode] = process.argv.slice(2)
const { BASE_URL: baseURL, PROMPT: prompt, TIME_OUT_MS } = process.env
const timeout = TIME_OUT_MS === undefined ? {} : { timeout: Number(TIME_OUT_MS) }
const messages = [{ role: "user", content: prompt }]
const isStream = mode === "stream"

const asking = {
  async openai() {
    const client = new OpenAI({ baseURL, apiKey: "none", ...timeout })
    if (api === "chat") {
      if (!isStream) {
        const answer = await client.chat.completions.create({ model: "manager", messages })
        return answer.choices[0].message.content
      }
      return client.chat.completions.stream({ model: "manager", messages }).finalContent()
    }
    if (isStream)
      return (await client.responses.stream({ model: "manager", input: prompt }).finalResponse()).output_text
    const answer = await client.responses.create({ model: "manager", input: prompt })
    if (answer.status !== "completed") throw new Error(`${answer.status}: ${answer.error?.message}`)
    return answer.output_text
  },
  async ai() {
    const provider = createOpenAI({ baseURL, apiKey: "none" })
    return viaAi(api === "chat" ? provider.chat("manager") : provider("manager"))
  },
  async "ai-compat"() {
    return viaAi(createOpenAICompatible({ name: "agent", baseURL })("manager"))
  },
  async langchain() {
    const model = new ChatOpenAI({
      model: "manager",
      apiKey: "none",
      useResponsesApi: api === "responses",
      configuration: { baseURL },
      ...timeout,
    })
    if (!isStream) return textOf(await model.invoke(prompt))
    let text = ""
    for await (const chunk of await model.stream(prompt)) text += textOf(chunk)
    return text
  },
}

async function viaAi(model) {
  if (!isStream) return (await generateText({ model, prompt })).text
  let failure = null
  const { textStream } = streamText({
    model,
    prompt,
    onError: ({ error }) => {
      failure = error
    },
  })
  let text = ""
  for await (const piece of textStream) text += piece
  if (failure !== null) throw failure
  return text
}

function textOf({ content }) {
  return typeof content === "string" ? content : content.map((part) => part.text ?? "").join("")
}

try {
  console.log(JSON.stringify({ text: (await asking[library]()) ?? "" }))
} catch (error) {
  console.log(JSON.stringify({ error: String(error?.message ?? error).slice(0, 300) }))
}
