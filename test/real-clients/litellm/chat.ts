import type OpenAI from "openai"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { onePixelPng } from "../support/picture.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import { answerSchema, weather } from "./forms.ts"

export async function checkChat(bench: Bench, service: ScriptedService, openai: OpenAI): Promise<void> {
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
    const answer = await ask([user("[[schema]]")], {
      response_format: {
        type: "json_schema",
        json_schema: { name: "answer", schema: answerSchema, strict: true },
      },
    })
    equal(JSON.parse(answer.choices[0]?.message.content ?? ""), { answer: "yes" })
  })
  await bench.check(name("a turn that fails when it has acted is not run again"), async () => {
    const failed = await ask([user(`${service.command("failed")}[[failed:server_error]]`)]).catch(String)
    equal(service.ran("failed"), 1, String(failed))
  })
  await bench.check(name("who hangs up stops the agent"), async () => {
    const since = Date.now()
    const controller = new AbortController()
    const stream = await openai.chat.completions.create(
      { model: "manager", messages: [user(`[[slow:400]]${service.command("late")}`)], stream: true },
      { signal: controller.signal },
    )
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    controller.abort()
    await waitFor(() => service.ends(since).includes("cancelled"), {
      what: "the turn to be cancelled",
      timeoutMs: 60_000,
    })
    equal(service.ran("late"), 0)
  })
}
