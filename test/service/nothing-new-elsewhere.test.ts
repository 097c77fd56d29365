import { on, once } from "node:events"
import { afterAll, beforeAll, expect, it } from "vitest"
import { WebSocket } from "ws"
import { startTestService, type TestService } from "../support/test-service.ts"

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.stop())

const history = [
  { role: "user" as const, content: [] },
  { role: "assistant" as const, content: "MARK-OF-THE-ANSWER" },
]

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await service.fetch(`${service.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "manager", ...body }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

it("tokens are counted of a request that brings nothing to answer", async () => {
  const counted = async (body: object) => (await post("/v1/responses/input_tokens", body)).body.input_tokens
  expect(await counted({ input: history })).toBeGreaterThan(0)
  expect(await counted({ input: [], instructions: "Be brief." })).toBeGreaterThan(0)
  const { id } = await service.client.responses.create({ model: "manager", input: "[[say:a]] hello" })
  expect(await counted({ input: [], previous_response_id: id })).toBeGreaterThan(0)
})

it("a history that ends with the assistant is compacted", async () => {
  const { status, body } = await post("/v1/responses/compact", { input: history })
  expect([status, body.object]).toEqual([200, "response.compaction"])
})

it("items with empty lists are taken into a conversation", async () => {
  expect((await post("/v1/conversations", { items: history })).status).toBe(200)
})

it.each([true, false])("an answer is gone on with on its socket (stored: %s)", async (store) => {
  const socket = new WebSocket(`${service.url.replace("http", "ws")}/v1/responses`)
  await once(socket, "open")
  const messages = on(socket, "message")
  const ask = async (more: object): Promise<{ id: string; status: string }> => {
    socket.send(JSON.stringify({ type: "response.create", model: "manager", store, ...more }))
    for (;;) {
      const { value } = await messages.next()
      const event = JSON.parse(String(value?.[0]))
      if (event.type === "error") throw new Error(JSON.stringify(event))
      if (/^response\.(?:completed|failed|incomplete)$/.test(event.type)) return event.response
    }
  }
  const first = await ask({ input: "[[say:MARK-OF-THE-ANSWER]]" })
  service.model.clearRequests()
  const next = await ask({ previous_response_id: first.id })
  expect(next.status).toBe("completed")
  const told = JSON.stringify(service.model.requests.map(({ body }) => body))
  expect(told).toMatch(/MARK-OF-THE-ANSWER/)
  expect(told).toMatch(/Go on with your last answer/)
  socket.close()
})
