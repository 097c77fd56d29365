import { expect, it, vi } from "vitest"
import { describeOnEachCli } from "../support/cli-service.ts"
import { askInChat, askInResponses, callsOf, weather } from "../support/client-functions.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const own = "wait_for_previous"
const named = { ...weather, parameters: { type: "object", properties: { city: {}, [own]: {} } } }

describeOnEachCli("what gemini asks of its model with every function", (cli, service) => {
  it.runIf(cli === "gemini").each([false, true])(
    "is not told as an argument, and makes none wrong (streams: %s)",
    async (streams) => {
      const input = `[[tool:get_weather:{"city":"Oslo","${own}":true}]][[say:done]]`
      const response = await askInResponses(service().client, { input, tools: [weather] }, streams)
      const chat = await askInChat(service().client, [{ role: "user", content: `${input} ` }], streams, [
        weather,
      ])
      const seen = [
        ...callsOf(response).map((call) => call.arguments),
        ...(chat.choices[0]?.message.tool_calls ?? []).map((call) =>
          "function" in call ? call.function.arguments : "",
        ),
      ]
      expect(seen).toEqual(['{"city":"Oslo"}', '{"city":"Oslo"}'])
    },
  )

  it.runIf(cli === "gemini").each([false, true])(
    "stays where the client's function has an argument of that name (streams: %s)",
    async (streams) => {
      const input = `[[tool:get_weather:{"city":"Rome","${own}":false}]][[say:done]]`
      const response = await askInResponses(service().client, { input, tools: [named] }, streams)
      expect(callsOf(response).map((call) => JSON.parse(call.arguments))).toEqual([
        { city: "Rome", [own]: false },
      ])
    },
  )
})
