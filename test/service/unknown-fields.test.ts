import { afterAll, beforeAll, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"

let service: TestService
beforeAll(async () => {
  service = await startTestService({ cli: "/nonexistent/codex", demoFallback: true })
})
afterAll(() => service.stop())

async function post(path: string, body: object): Promise<{ id: string; advisory: string | null }> {
  const answer = await fetch(`${service.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(200)
  const { id } = (await answer.json()) as { id: string }
  return { id, advisory: answer.headers.get("x-advisory-parameters") }
}

/** A body that is all right, and where it goes. */
const routes: [string, object, () => Promise<string>][] = [
  ["a response", { input: "Hi" }, async () => "/v1/responses"],
  ["a chat", { messages: [{ role: "user", content: "Hi" }] }, async () => "/v1/chat/completions"],
  ["an estimate of tokens", { input: "Hi" }, async () => "/v1/responses/input_tokens"],
  ["a conversation", { items: [{ role: "user", content: "Hi" }] }, async () => "/v1/conversations"],
  ["its metadata", { metadata: { a: "b" } }, async () => `/v1/conversations/${await conversation()}`],
  [
    "more items of it",
    { items: [{ role: "user", content: "Hi" }] },
    async () => `/v1/conversations/${await conversation()}/items`,
  ],
  [
    "metadata of a stored chat",
    { metadata: { a: "b" } },
    async () => `/v1/chat/completions/${await stored()}`,
  ],
]

it.each(routes)(
  "fields of %s that nobody knows are named in a header, misspelt ones too",
  async (_name, body, path) => {
    expect((await post(await path(), body)).advisory).toBeNull()
    const misspelt = { ...body, metdata: { a: "b" }, "no header\n": 1, absent: null }
    expect((await post(await path(), misspelt)).advisory).toBe("metdata")
  },
)

async function conversation(): Promise<string> {
  return (await post("/v1/conversations", {})).id
}

async function stored(): Promise<string> {
  const body = { messages: [{ role: "user", content: "Hi" }], store: true }
  return (await post("/v1/chat/completions", body)).id
}
