import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import type { ResponseInput } from "openai/resources/responses/responses"
import { expect, it, vi } from "vitest"
import { describeOnEachCli } from "../support/cli-service.ts"
import { askInChat, askInResponses, callsOf, weather, withResults } from "../support/client-functions.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const system = { role: "system" as const, content: "MARK-OF-THE-SYSTEM" }
const nobody = /said nothing yet/
const onward = /Go on with your last answer/
const nothing = /message with nothing in it/

const chats: readonly (readonly [string, ChatCompletionMessageParam[], RegExp[]])[] = [
  ["only a system message", [system], [/MARK-OF-THE-SYSTEM/, nobody]],
  ["only a system message of an empty list", [{ role: "system", content: [] }], [nobody]],
  [
    "an assistant's message at the end",
    [
      system,
      { role: "user", content: "MARK-OF-THE-USER" },
      { role: "assistant", content: "MARK-OF-THE-ANSWER" },
    ],
    [/MARK-OF-THE-SYSTEM/, /MARK-OF-THE-USER/, /MARK-OF-THE-ANSWER/, onward],
  ],
  [
    "an assistant's message alone",
    [{ role: "assistant", content: "MARK-OF-THE-ANSWER" }],
    [/MARK-OF-THE-ANSWER/, onward],
  ],
  ["a message of an empty list", [{ role: "user", content: [] }], [nothing]],
  ["a message of an empty text", [{ role: "user", content: "" }], [nothing]],
]
const inputs: readonly (readonly [string, ResponseInput, RegExp[]])[] = [
  ["only a developer's message", [{ ...system, role: "developer" }], [/MARK-OF-THE-SYSTEM/]],
  ["only a developer's message of an empty list", [{ role: "developer", content: [] }], [nobody]],
  [
    "an assistant's message at the end",
    [
      { role: "user", content: "MARK-OF-THE-USER" },
      { role: "assistant", content: "MARK-OF-THE-ANSWER" },
    ],
    [/MARK-OF-THE-USER/, /MARK-OF-THE-ANSWER/, onward],
  ],
  ["a message of an empty list", [{ role: "user", content: [] }], [nothing]],
]

describeOnEachCli("a request that brings nothing to answer", (cli, service) => {
  /** Each in both ways on codex, in one of them on the others. */
  const some = <T>(cases: readonly T[], streams: boolean) =>
    cases.filter((_, index) => cli === "codex" || (index % 2 === 0) === streams)

  /** All that the model was told since its requests were cleared. */
  function told(): string {
    return JSON.stringify(service().model.requests.map(({ body }) => body))
  }
  function expectTold(patterns: readonly RegExp[]): void {
    const text = told()
    for (const pattern of patterns) expect(text).toMatch(pattern)
  }

  for (const streams of [false, true]) {
    it.each(some(chats, streams))(
      `is answered in chat: %s (streams: ${streams})`,
      async (_name, messages, patterns) => {
        service().model.clearRequests()
        const completion = await askInChat(service().client, messages, streams, [])
        expect(completion.choices[0]?.finish_reason).toBe("stop")
        expectTold(patterns)
      },
    )

    it.each(some(inputs, streams))(
      `is answered in Responses: %s (streams: ${streams})`,
      async (_name, input, patterns) => {
        service().model.clearRequests()
        const response = await askInResponses(service().client, { input, tools: [] }, streams)
        expect(response.status).toBe("completed")
        expectTold(patterns)
      },
    )

    it(`goes on behind an answer that it names (streams: ${streams})`, async () => {
      const { client, model } = service()
      const first = await askInResponses(client, { input: "[[say:MARK-OF-THE-ANSWER]]", tools: [] }, streams)
      for (const more of [{}, { input: [] }]) {
        model.clearRequests()
        const body = { model: "manager", previous_response_id: first.id, ...more }
        const next = streams
          ? await client.responses.stream(body).finalResponse()
          : await client.responses.create(body)
        expect(next.status).toBe("completed")
        expectTold([/MARK-OF-THE-ANSWER/, onward])
      }
    })

    it(`goes on in a conversation, but not in one that is empty (streams: ${streams})`, async () => {
      const { client, model } = service()
      const items = [
        { role: "user" as const, content: "MARK-OF-THE-USER" },
        { role: "assistant" as const, content: "MARK-OF-THE-ANSWER" },
      ]
      const conversation = await client.conversations.create({ items })
      for (const more of [{}, { input: [] }]) {
        model.clearRequests()
        const body = { model: "manager", conversation: conversation.id, ...more }
        const next = streams
          ? await client.responses.stream(body).finalResponse()
          : await client.responses.create(body)
        expect(next.status).toBe("completed")
        expectTold([/MARK-OF-THE-ANSWER/, onward])
      }
      const empty = await client.conversations.create()
      await expect(
        client.responses.create({ model: "manager", conversation: empty.id }),
      ).rejects.toMatchObject({ status: 400, param: "input" })
    })

    it(`has an empty list for the output of a function (streams: ${streams})`, async () => {
      const { client } = service()
      const input = '[[tool:get_weather:{"city":"Oslo"}]][[say:all told]]'
      const called = await askInResponses(client, { input, tools: [weather] }, streams)
      const [call] = callsOf(called)
      const output = { type: "function_call_output" as const, call_id: call?.call_id ?? "", output: [] }
      const more = { previous_response_id: called.id, tools: [weather], input: [output] }
      expect((await askInResponses(client, more, streams)).output_text).toContain("all told")
      const asked = { role: "user" as const, content: `${input} ` }
      const completion = await askInChat(client, [asked], streams, [weather])
      const results = withResults(completion).map((message) =>
        message.role === "tool" ? { ...message, content: [] } : message,
      )
      const answered = await askInChat(client, [asked, ...results], streams, [weather])
      expect(answered.choices[0]?.message.content).toContain("all told")
    })
  }
})
