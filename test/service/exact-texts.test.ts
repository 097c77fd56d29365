import type { ResponseInput } from "openai/resources/responses/responses"
import { expect, it, vi } from "vitest"
import { describeOnEachCli } from "../support/cli-service.ts"
import { askInChat, askInResponses, callsOf } from "../support/client-functions.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** Whoever parses it and writes it again writes another text. */
const json = (mark: string) =>
  `{ "mark":"${mark}",\n\t"id" : 9007199254740993,"huge":1e400, "ratio":1.0,"a":1,"a":2,"10":"b","2":"\\u0041\\/" , "list":[ ] }\n`

/** All texts that a model was told, wherever they stand. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : []
}

describeOnEachCli("a text that is JSON", (cli, service) => {
  // copilot takes a line's end from the end of a user's text.
  const saidOf = (text: string) => (cli === "copilot" ? text.trimEnd() : text)
  const expectTold = (text: string) => {
    const told = textsIn(service().model.requests.map(({ posted }) => posted))
    if (!told.some((part) => part.includes(text)))
      console.log(
        "NEAR",
        told.filter((part) => part.includes("90071992547")).map((p) => JSON.stringify(p)),
      )
    expect(told.filter((part) => part.includes(text))).not.toEqual([])
  }

  it.each([true, false])("reaches the model as it is (Responses, streams: %s)", async (streams) => {
    service().model.clearRequests()
    const said = json(`user ${streams}`)
    const first = await askInResponses(
      service().client,
      { input: `[[tool:get_weather:{"city":"Oslo"}]][[say:done]] ${said}` },
      streams,
    )
    const [call] = callsOf(first)
    const asText = json(`text ${streams}`)
    const outputs: ResponseInput = [
      { type: "function_call_output", call_id: call?.call_id ?? "", output: asText },
    ]
    const last = await askInResponses(
      service().client,
      { input: outputs, previous_response_id: first.id },
      streams,
    )
    expect(last.output_text).toContain("done")
    expectTold(saidOf(said))
    expectTold(asText)
  })

  it.each([true, false])("reaches it from chat completions as well (streams: %s)", async (streams) => {
    service().model.clearRequests()
    const said = json(`chat user ${streams}`)
    const content = `[[tool:get_weather:{"city":"Oslo"}]][[say:done]] ${said}`
    const first = await askInChat(service().client, [{ role: "user", content }], streams)
    const [call] = first.choices[0]?.message.tool_calls ?? []
    const asText = json(`chat text ${streams}`)
    const last = await askInChat(
      service().client,
      [
        { role: "user", content },
        { role: "assistant", tool_calls: call === undefined ? [] : [call] },
        { role: "tool", tool_call_id: call?.id ?? "", content: asText },
      ],
      streams,
    )
    expect(last.choices[0]?.message.content).toContain("done")
    expectTold(saidOf(said))
    expectTold(asText)
  })

  it("reaches it in a history that is told to a new session", async () => {
    service().model.clearRequests()
    const asText = json("history")
    const call = {
      id: "call_1",
      type: "function" as const,
      function: { name: "get_weather", arguments: "{}" },
    }
    await askInChat(
      service().client,
      [
        { role: "user", content: "first" },
        { role: "assistant", tool_calls: [call] },
        { role: "tool", tool_call_id: "call_1", content: asText },
        { role: "assistant", content: "It is so." },
        { role: "user", content: "[[say:done]] and now?" },
      ],
      false,
    )
    expectTold(asText)
  })
})
