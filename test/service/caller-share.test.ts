import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  askInChat,
  askInResponses,
  callsOf,
  outputsFor,
  tools,
  twoCalls,
  withResults,
} from "../support/client-functions.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

const turnsTotal = 8

let service: TestService

beforeAll(async () => {
  service = await startTestService({
    config: {
      apiKeys: new Map([
        ["ann", "key-ann"],
        ["bob", "key-bob"],
      ]),
    },
    limits: { turnsTotal },
  })
})
afterAll(() => service.stop())

const body = (input: string, more: object = {}) => ({ model: "manager", input, ...more })

async function post(key: string, input: string, more: object = {}): Promise<Response> {
  return service.fetch(`${service.url}/v1/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body(input, more)),
  })
}

async function cancel(key: string, id: string): Promise<void> {
  await service.fetch(`${service.url}/v1/responses/${id}/cancel`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
  })
}

describe("two callers", () => {
  it("of whom one asks for all turns that there are: the other is served, and the first is told which bound it met", async () => {
    const asked = await Promise.all(
      Array.from({ length: turnsTotal * 2 }, () => post("key-ann", "[[slow:600:100]]", { background: true })),
    )
    const taken = asked.filter(({ status }) => status === 200)
    const refused = asked.filter(({ status }) => status === 429)
    expect(taken.length + refused.length).toBe(asked.length)
    // Half of what there is, as long as nobody else asks.
    expect(taken.length).toBe(turnsTotal / 2)
    for (const answer of refused) {
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1)
      const { error } = (await answer.json()) as { error: { code: string; message: string } }
      expect(error.code).toBe("queue_full")
      expect(error.message).toMatch(/^You have \d of the 8 turns that the service takes.*limits\.turns_total/)
    }
    const other = await post("key-bob", "[[say:served]]")
    expect(other.status).toBe(200)
    for (const answer of taken) await cancel("key-ann", ((await answer.json()) as { id: string }).id)
    await waitFor(async () => (await post("key-ann", "[[say:room again]]")).status === 200, {
      what: "the first caller to have room again",
    })
  })
})

describe("a turn that waits for outputs of its client's functions", () => {
  it("gets them though the service is full meanwhile, by both endpoints", async () => {
    const full = await startTestService({ limits: { turnsTotal: 1 } })
    try {
      const { client } = full
      const asked = await askInResponses(client, { input: `${twoCalls}[[say:first]]` }, false)
      expect(callsOf(asked)).toHaveLength(2)
      const question = { role: "user" as const, content: `${twoCalls}[[say:second]]` }
      const inChat = await askInChat(client, [question], false)
      const slow = await client.responses.create({
        model: "manager",
        input: "[[slow:600:100]]",
        background: true,
      })
      await expect(client.responses.create({ model: "manager", input: "no room" })).rejects.toMatchObject({
        status: 429,
      })
      const more = { input: outputsFor(asked), previous_response_id: asked.id, tools }
      expect((await askInResponses(client, more, false)).status).toBe("completed")
      const answer = await askInChat(client, [question, ...withResults(inChat)], false)
      expect(answer.choices[0]?.finish_reason).toBe("stop")
      await client.responses.cancel(slow.id)
    } finally {
      await full.stop()
    }
  })
})
