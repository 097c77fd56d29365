import type OpenAI from "openai"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"

// gptme's markdown mode tells what its commands printed by a system message behind the answer that asked for them.
const first = "[[say:ls]] Look around."
const printed = "Ran command: `ls`, it printed MARK-OF-THE-OUTPUT"

const ways: readonly (readonly [string, (client: OpenAI) => Promise<string | null | undefined>])[] = [
  [
    "chat, whole",
    async (client) => (await client.chat.completions.create(chat())).choices[0]?.message.content,
  ],
  ["chat, streamed", (client) => client.chat.completions.stream(chat()).finalContent()],
  ["Responses, whole", async (client) => (await client.responses.create(response())).output_text],
  [
    "Responses, streamed",
    async (client) => (await client.responses.stream(response()).finalResponse()).output_text,
  ],
]

function chat() {
  return {
    model: "manager",
    messages: [
      { role: "system" as const, content: "Be brief." },
      { role: "user" as const, content: first },
      { role: "assistant" as const, content: "ls" },
      { role: "system" as const, content: printed },
    ],
  }
}

function response() {
  return {
    model: "manager",
    input: [
      { role: "user" as const, content: first },
      { role: "assistant" as const, content: "ls" },
      { role: "system" as const, content: printed },
    ],
  }
}

describe("a history that ends with a system message", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService()
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  it.each(ways)("asks for a turn to which it adds these instructions (%s)", async (_way, ask) => {
    expect(await ask(service.client)).toBe("ls")
    expect(service.model.requests).toHaveLength(1)
    const input: readonly { readonly role?: string }[] = service.model.requests[0]?.body.input ?? []
    const last = input.at(-1)
    expect(last?.role).toBe("developer")
    expect(JSON.stringify(last)).toContain("MARK-OF-THE-OUTPUT")
    expect(JSON.stringify(input).split("MARK-OF-THE-OUTPUT")).toHaveLength(2)
  })

  it("goes on in the same thread when it is sent again with more", async () => {
    const { messages } = chat()
    const said = await service.client.chat.completions.create(chat())
    await service.client.chat.completions.create({
      model: "manager",
      messages: [
        ...messages,
        { role: "assistant", content: said.choices[0]?.message.content ?? "" },
        { role: "system", content: "Ran another one." },
      ],
    })
    const threads = service.model.requests.map(({ headers }) => headers["thread-id"])
    expect(new Set(threads).size).toBe(1)
  })
})
