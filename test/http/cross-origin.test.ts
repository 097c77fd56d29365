import { expect, test } from "vitest"
import { serverFixture } from "./http-fixture.ts"

const keys = { config: { apiKeys: new Map([["ann", "sk-ann"]]) } }
const origin = "https://app.example"
const preflight = {
  method: "OPTIONS",
  headers: {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
  },
}

function chat(url: string, headers: Record<string, string>, stream: boolean): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", origin, ...headers },
    body: JSON.stringify({ stream, messages: [{ role: "user", content: "Hi" }] }),
  })
}

test("a page of another origin that has a key can read answers, streams and refusals", async () => {
  const { server } = await serverFixture(keys)
  const asked = await fetch(`${server.url}/v1/chat/completions`, preflight)
  expect(asked.status).toBe(204)
  expect(asked.headers.get("access-control-allow-origin")).toBe("*")
  expect(asked.headers.get("access-control-allow-headers")).toBe("authorization,content-type")
  expect(asked.headers.get("access-control-allow-methods")).toContain("POST")

  const authorization = "Bearer sk-ann"
  for (const answer of [
    await chat(server.url, { authorization }, false),
    await chat(server.url, { authorization }, true),
    await chat(server.url, {}, false),
  ]) {
    expect(answer.headers.get("access-control-allow-origin")).toBe("*")
    expect(answer.headers.get("access-control-expose-headers")).toContain("x-request-id")
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull()
    await answer.text()
  }
})

test("pages of other origins read nothing where no key protects the service, and nothing but the API where one does", async () => {
  const open = await serverFixture()
  const asked = await fetch(`${open.server.url}/v1/chat/completions`, preflight)
  expect(asked.status).toBe(403)
  expect(asked.headers.get("access-control-allow-origin")).toBeNull()
  const read = await fetch(`${open.server.url}/v1/models`, { headers: { origin } })
  expect(read.status).toBe(403)
  expect(read.headers.get("access-control-allow-origin")).toBeNull()

  const { server } = await serverFixture(keys)
  for (const path of ["/", "/health", "/openapi.json", "/mcp", "/agent-reply"]) {
    const answer = await fetch(server.url + path, { headers: { origin } })
    expect(answer.headers.get("access-control-allow-origin"), path).toBeNull()
  }
})
