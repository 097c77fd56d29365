import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import type { ResponseInput } from "openai/resources/responses/responses"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { type CliName, cliNames, startCliService } from "../support/cli-service.ts"
import { askInChat, askInResponses, tools } from "../support/client-functions.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import type { TestService } from "../support/test-service.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const round = (id: string, name: string, result: string): ChatCompletionMessageParam[] => [
  { role: "user", content: `Ask ${result}` },
  {
    role: "assistant",
    tool_calls: [{ id, type: "function", function: { name, arguments: '{"city":"Oslo"}' } }],
  },
  { role: "tool", tool_call_id: id, content: result },
  { role: "assistant", content: `It is ${result}.` },
]
/** As other providers name calls and functions. */
const histories: readonly (readonly [string, readonly ChatCompletionMessageParam[], readonly string[]])[] = [
  [
    "ids that begin anew in each round",
    [...round("call_0", "get_weather", "sunny-1"), ...round("call_0", "get_time", "noon-2")],
    ["sunny-1", "noon-2"],
  ],
  [
    "ids that are long",
    round(`functions.get_weather:0:${"f".repeat(80)}`, "get_weather", "sunny-3"),
    ["sunny-3"],
  ],
  ["names with dots, and long ones", round("call_1", `my.files.${"read".repeat(20)}`, "text-4"), ["text-4"]],
]

/** What the model server of each would refuse. */
function assertTaken(cli: CliName, service: TestService): void {
  if (cli !== "codex" && cli !== "claude") return
  for (const { body } of service.model.requests) {
    const calls = body.input.filter((item) => item.type === "function_call")
    const outputs = body.input.filter((item) => item.type === "function_call_output")
    const ids = calls.map((item) => String(item.call_id))
    expect(new Set(ids).size).toBe(ids.length)
    expect(outputs.map((item) => item.call_id).toSorted()).toEqual(ids.toSorted())
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    for (const item of calls) expect(item.name).toMatch(cli === "codex" ? /^[\w-]{1,64}$/ : /^[\w-]{1,128}$/)
  }
}

for (const cli of cliNames) {
  const isMissing = cli !== "codex" && testCli(cli) === null
  describe.skipIf(isMissing)(isMissing ? missingCli(cli) : `calls of another provider on ${cli}`, () => {
    let service: TestService
    let stop: () => Promise<void> = async () => {}

    beforeAll(async () => {
      const started = await startCliService(cli)
      ;({ service } = started)
      stop = () => started.stop()
    })
    afterAll(() => stop())

    for (const streams of [false, true]) {
      it.each(histories)(
        `are told with their results, with %s (streams: ${streams})`,
        async (_name, history, results) => {
          service.model.clearRequests()
          const messages = [...history, { role: "user" as const, content: `[[say:on ${streams}]]` }]
          const chat = await askInChat(service.client, messages, streams, tools)
          expect(chat.choices[0]?.message.content).toBe(`on ${streams}`)
          assertTaken(cli, service)
          const told = service.model.requests.map(({ body }) => JSON.stringify(body))
          for (const result of results) expect(told.some((body) => body.split(result).length > 3)).toBe(true)

          service.model.clearRequests()
          const input = history.flatMap((message): ResponseInput => {
            if (message.role === "tool")
              return [
                {
                  type: "function_call_output" as const,
                  call_id: message.tool_call_id,
                  output: String(message.content),
                },
              ]
            const calls = message.role === "assistant" ? (message.tool_calls ?? []) : []
            if (calls.length > 0) {
              return calls.flatMap((call) =>
                "function" in call
                  ? [
                      {
                        type: "function_call" as const,
                        call_id: call.id,
                        name: call.function.name,
                        arguments: call.function.arguments,
                      },
                    ]
                  : [],
              )
            }
            return [{ role: message.role as "user", content: String(message.content) }]
          })
          const more = {
            input: [...input, { role: "user" as const, content: `[[say:on again ${streams}]]` }],
          }
          const response = await askInResponses(service.client, more, streams)
          expect(response.output_text).toBe(`on again ${streams}`)
          assertTaken(cli, service)
          const again = service.model.requests.map(({ body }) => JSON.stringify(body))
          for (const result of results) expect(again.some((body) => body.split(result).length > 3)).toBe(true)
        },
      )
    }
  })
}
