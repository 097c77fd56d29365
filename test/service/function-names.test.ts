import { expect, it, vi } from "vitest"
import { describeOnEachCli } from "../support/cli-service.ts"
import { askInChat, askInResponses, callsOf, weather } from "../support/client-functions.ts"
import { offeredTools } from "../support/offered-names.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** As long as a client may call a function, and alike at both ends. */
const twins = ["a", "b"].map((middle) => ({
  ...weather,
  name: `${"x".repeat(31)}${middle}${"y".repeat(32)}`,
  description: `Twin ${middle}`,
}))
const names = twins.map(({ name }) => name)

describeOnEachCli("long names of functions", (cli, service) => {
  /** What the model has to call, by the description that it reads. */
  async function shownNames(): Promise<readonly string[]> {
    service().model.clearRequests()
    await askInResponses(service().client, { input: "[[say:x]]", tools: twins }, false)
    const shown = offeredTools(service().model)
    return twins.map(
      ({ description }) => shown.find((tool) => tool.description.includes(description))?.name ?? "",
    )
  }

  it("are two for the model, of the length that model servers take", async () => {
    const shown = await shownNames()
    expect(new Set(shown).size).toBe(2)
    for (const own of shown) expect(own).toMatch(cli === "claude" ? /^.{1,128}$/ : /^[a-zA-Z0-9_-]{1,64}$/)
  })

  it.each([false, true])("reach the right function over both APIs (streams: %s)", async (streams) => {
    const shown = await shownNames()
    for (const [index, own] of shown.entries()) {
      const input = `[[tool:${own}:{"city":"Oslo"}]][[say:told ${index}]]`
      const called = await askInResponses(service().client, { input, tools: twins }, streams)
      expect(callsOf(called).map((call) => call.name)).toEqual([names[index]])
      const outputs = callsOf(called).map(({ call_id }) => ({
        type: "function_call_output" as const,
        call_id,
        output: "sunny",
      }))
      const more = { previous_response_id: called.id, tools: twins, input: outputs }
      const answered = await askInResponses(service().client, more, streams)
      expect(answered.output_text).toContain(`told ${index}`)
      const chat = await askInChat(service().client, [{ role: "user", content: `${input} ` }], streams, twins)
      const calls = chat.choices[0]?.message.tool_calls ?? []
      expect(calls.map((call) => ("function" in call ? call.function.name : ""))).toEqual([names[index]])
    }
  })
})
