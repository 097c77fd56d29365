import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import { weather } from "./forms.ts"
import type { LiteLlm } from "./gateway.ts"

/** Anthropic's Messages API, which LiteLLM turns into the service's. */
export async function checkMessages(
  bench: Bench,
  service: ScriptedService,
  { url, key }: LiteLlm,
): Promise<void> {
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
