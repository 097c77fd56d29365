import { existsSync } from "node:fs"
import { join } from "node:path"
import type OpenAI from "openai"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService

beforeAll(async () => {
  service = await startTestService({ limits: { disconnectGraceMs: 0, repeatGraceMs: 10_000 } })
})
afterAll(() => service.stop())
beforeEach(() => service.model.clearRequests())

const slow = "[[slow:30:100]]"

const ways: readonly (readonly [string, (client: OpenAI, options: object) => Promise<unknown>])[] = [
  ["Responses", (client, options) => client.responses.create({ model: "manager", input: slow }, options)],
  [
    "chat",
    (client, options) =>
      client.chat.completions.create(
        { model: "manager", messages: [{ role: "user", content: slow }] },
        options,
      ),
  ],
]

describe("the official client", () => {
  it.each(ways)(
    "that gives up waiting and asks again, in %s, joins the turn that runs",
    async (_name, ask) => {
      // Three attempts of 1.2 s for an answer of 3 s: the last one is there when it ends.
      const answer = await ask(service.client, { timeout: 1_200, maxRetries: 4 })
      expect(JSON.stringify(answer)).toContain(" 29 30")
      expect(service.model.requests).toHaveLength(1)
    },
  )

  const begun: readonly (readonly [string, (client: OpenAI, input: string, options: object) => unknown])[] = [
    [
      "whole, in Responses",
      (client, input, options) => client.responses.create({ model: "manager", input }, options),
    ],
    [
      "streamed, in Responses",
      (client, input, options) => client.responses.create({ model: "manager", input, stream: true }, options),
    ],
    [
      "streamed, in chat",
      (client, content, options) =>
        client.chat.completions.create(
          { model: "manager", messages: [{ role: "user", content }], stream: true },
          options,
        ),
    ],
  ]

  it.each(begun)(
    "that hangs up for good (%s) has its turn interrupted in the end, and is told so should it come back",
    async (_name, ask) => {
      const one = await startTestService({ limits: { disconnectGraceMs: 0, repeatGraceMs: 300 } })
      try {
        const running = () => one.roster.list().find((agent) => agent.id === "manager")?.runningTurns
        const mark = join(one.home, "acted")
        const input = `[[shell:touch ${mark}]][[then]][[slow:600:100]]`
        const abort = new AbortController()
        const { signal } = abort
        const settled = Promise.resolve(ask(one.client, input, { signal })).catch((error: unknown) => error)
        await waitFor(() => existsSync(mark) && one.model.requests.length === 2, {
          what: "the command to run",
        })
        abort.abort()
        await settled
        await waitFor(() => running() === 0, { what: "the turn to end" })
        // What it did is told, and not done again.
        const headers = { "x-stainless-retry-count": "1" }
        await expect(ask(one.client, input, { headers })).rejects.toMatchObject({
          status: 400,
          code: "interrupted",
        })
        expect(one.model.requests).toHaveLength(2)
      } finally {
        await one.stop()
      }
    },
  )

  it("that hangs up, and goes on with the conversation, is not kept waiting for a repeat that will not come", async () => {
    const one = await startTestService({ limits: { disconnectGraceMs: 0, repeatGraceMs: 600_000 } })
    try {
      const user = (content: string) => ({ role: "user" as const, content })
      const ask = (messages: readonly OpenAI.ChatCompletionMessageParam[], options: object = {}) =>
        one.client.chat.completions.create({ model: "manager", messages: [...messages] }, options)
      const first = [user("[[say:The first answer of this conversation.]]")]
      const { message } = (await ask(first)).choices[0] ?? {}
      if (message === undefined) throw new Error("no answer")
      const mark = join(one.home, "acted")
      const stopped = [...first, message, user(`[[shell:touch ${mark}]][[then]][[slow:600:1000]]`)]
      const abort = new AbortController()
      const settled = ask(stopped, { signal: abort.signal }).catch((error: unknown) => error)
      await waitFor(() => existsSync(mark), { what: "the command to run" })
      abort.abort()
      await settled
      const next = await ask([...stopped, user("[[say:At once.]]")])
      expect(next.choices[0]?.message.content).toBe("At once.")
    } finally {
      await one.stop()
    }
  })

  it.each([
    ["whole, in Responses", false, "responses"],
    ["streamed, in Responses", true, "responses"],
    ["whole, in chat", false, "chat"],
    ["streamed, in chat", true, "chat"],
  ] as const)(
    "that hangs up on its first message (%s), and sends it with another one, goes on behind what was done",
    async (_name, stream, way) => {
      const one = await startTestService({ limits: { disconnectGraceMs: 600_000, repeatGraceMs: 600_000 } })
      try {
        const ask = async (texts: readonly string[], options: object = {}): Promise<string> => {
          const messages = texts.map((content) => ({ role: "user" as const, content }))
          const { client } = one
          const asked = { model: "manager", stream }
          const answer =
            way === "chat"
              ? await client.chat.completions.create({ ...asked, messages }, options)
              : await client.responses.create({ ...asked, input: messages }, options)
          if (!(Symbol.asyncIterator in answer)) return JSON.stringify(answer)
          let told = ""
          for await (const event of answer) told += JSON.stringify(event)
          return told
        }
        const mark = join(one.home, "acted")
        const first = `[[shell:touch ${mark}]][[then]][[slow:600:1000]]`
        const abort = new AbortController()
        const settled = ask([first], { signal: abort.signal }).catch((error: unknown) => error)
        await waitFor(() => existsSync(mark), { what: "the command to run" })
        // Another chat that begins so is another chat as long as somebody waits for the first one.
        expect(await ask([first, "[[say:Yes.]]"])).toContain("Yes.")
        abort.abort()
        await settled
        expect(await ask([first, "[[say:Now.]]"])).toContain("Now.")
        const [begun, ...others] = one.model.requests.map(({ headers }) => headers["thread-id"])
        expect(others.at(-1)).toBe(begun)
        expect(others.filter((thread) => thread !== begun)).toHaveLength(1)
        expect(JSON.stringify(one.model.requests.at(-1)?.posted).split("touch").length).toBeGreaterThan(2)
      } finally {
        await one.stop()
      }
    },
  )

  it("that asks the same twice has two turns", async () => {
    const ask = () => service.client.responses.create({ model: "manager", input: "[[say:twice]]" })
    const both = await Promise.all([ask(), ask()])
    expect(both[0].id).not.toBe(both[1].id)
    expect(service.model.requests).toHaveLength(2)
  })

  it("finds its turn again after a restart of the service", async () => {
    const ask = (headers?: Record<string, string>) =>
      service.client.responses.create({ model: "manager", input: "[[say:kept]]" }, headers && { headers })
    const first = await ask()
    await service.restart()
    expect((await ask({ "X-Stainless-Retry-Count": "1" })).id).toBe(first.id)
    expect((await ask()).id).not.toBe(first.id)
    expect(service.model.requests).toHaveLength(2)
  })
})
