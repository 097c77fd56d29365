import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.stop())

async function post(path: string, body: object): Promise<unknown> {
  const answer = await service.fetch(`${service.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  })
  return answer.json()
}

const metadata = { user: "ann", n: 5, tags: ["a"] }
const texts = { user: "ann", n: "5", tags: '["a"]' }

describe("metadata that is more than texts", () => {
  it("is kept as JSON text by a conversation, when it is made and when it is changed", async () => {
    const made = await post("/v1/conversations", {
      metadata,
      items: { role: "boss", content: { text: "Go on." } },
    })
    expect(made).toMatchObject({ object: "conversation", metadata: texts })
    const { id } = made as { id: string }
    expect(await post(`/v1/conversations/${id}`, { metadata: { n: 6 } })).toMatchObject({
      id,
      metadata: { n: "6" },
    })
    const { data } = await service.client.conversations.items.list(id)
    expect(data).toMatchObject([{ role: "user", content: [{ text: "boss: Go on." }] }])
    const long = { metadata: { n: ["x".repeat(600)] } }
    for (const path of ["/v1/conversations", `/v1/conversations/${id}`])
      expect(await post(path, long)).toMatchObject({ error: { param: "metadata.n" } })
  })

  it("is kept as JSON text by a stored chat completion", async () => {
    const { id } = await service.client.chat.completions.create({
      model: "manager",
      store: true,
      messages: [{ role: "user", content: "[[say:hello]] hi" }],
    })
    const changed = await post(`/v1/chat/completions/${id}`, { metadata })
    expect(changed).toMatchObject({ id, metadata: texts })
    expect(await service.client.chat.completions.retrieve(id)).toEqual(changed)
  })
})
