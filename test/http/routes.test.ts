import { describe, expect, test } from "vitest"
import { ProxyError } from "../../src/domain/errors.ts"
import { agentStatus } from "./fake-engine.ts"
import { type AppFixture, appFixture, jsonOf } from "./http-fixture.ts"

const keys = {
  config: {
    apiKeys: new Map([
      ["ann", "sk-ann"],
      ["bob", "sk-bob"],
    ]),
  },
}

function post(
  { app }: AppFixture,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  return Promise.resolve(
    app.request(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    }),
  )
}

const chat = { messages: [{ role: "user", content: "Hi" }] }

describe("turns", () => {
  test("a chat completion is the finished answer of the agent", async () => {
    const fixture = appFixture()
    const answer = await post(fixture, "/v1/chat/completions", chat)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      object: "chat.completion",
      model: "manager",
      choices: [{ message: { role: "assistant", content: "Hello." }, finish_reason: "stop" }],
    })
    expect(fixture.engine.responses[0]).toMatchObject({
      principal: "owner",
      request: { kind: "chat", sessionKey: null },
    })
  })

  test("a response is answered whole, and can be retrieved and deleted once by the key that made it", async () => {
    const fixture = appFixture(keys)
    const ann = { authorization: "Bearer sk-ann" }
    const bob = { authorization: "Bearer sk-bob" }
    const created = await jsonOf(await post(fixture, "/v1/responses", { input: "Hi" }, ann))
    expect(created).toMatchObject({ object: "response", status: "completed" })

    const path = `/v1/responses/${created.id}`
    expect((await fixture.app.request(path, { headers: bob })).status).toBe(404)
    expect(await jsonOf(await fixture.app.request(path, { headers: ann }))).toEqual(created)
    const removed = await fixture.app.request(path, { method: "DELETE", headers: ann })
    expect(await removed.json()).toEqual({ id: created.id, object: "response", deleted: true })
    expect((await fixture.app.request(path, { method: "DELETE", headers: ann })).status).toBe(404)
  })

  test("a stored response is asked for by query parameters that are checked by name", async () => {
    const { app } = appFixture()
    for (const [query, param] of [
      ["stream=yes", "stream"],
      ["starting_after=3", "starting_after"],
      ["stream=true&starting_after=x", "starting_after"],
      ["include[]=everything", "include"],
      ["include_obfuscation=1", "include_obfuscation"],
    ]) {
      const answer = await app.request(`/v1/responses/resp_1?${query}`)
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ error: { param } })
    }
  })

  test("parameters without effect are named in a header", async () => {
    const answer = await post(appFixture(), "/v1/chat/completions", { ...chat, temperature: 0.3, top_p: 0.5 })
    expect(answer.headers.get("x-advisory-parameters")?.split(", ").sort()).toEqual(["temperature", "top_p"])
    expect(
      (await post(appFixture(), "/v1/chat/completions", chat)).headers.has("x-advisory-parameters"),
    ).toBe(false)
  })

  test("a turn that failed before the agent had acted is an error with its true status", async () => {
    const fixture = appFixture()
    fixture.engine.onSubmit = (response) =>
      response.fail({ code: "model_error", message: "The model server said no.", modelStatus: 400 })
    const answer = await post(fixture, "/v1/chat/completions", chat)
    expect(answer.status).toBe(502)
    expect(answer.headers.has("x-should-retry")).toBe(false)
    expect(await answer.json()).toMatchObject({
      error: { code: "model_error", message: "The model server said no." },
    })
  })

  test("a full queue is a 429 with Retry-After, before any stream begins", async () => {
    const fixture = appFixture()
    fixture.engine.refusal = new ProxyError("queue_full", "Too many turns wait.", { retryAfterSeconds: 7 })
    const answer = await post(fixture, "/v1/chat/completions", chat)
    expect(answer.status).toBe(429)
    expect(answer.headers.get("retry-after")).toBe("7")
  })

  test("an unforeseen fault says only the request id, under which the log has the error", async () => {
    const fixture = appFixture()
    fixture.engine.refusal = new Error("secret detail")
    const answer = await post(fixture, "/v1/chat/completions", chat)
    const requestId = answer.headers.get("x-request-id") ?? ""
    const text = await answer.text()
    expect(answer.status).toBe(500)
    expect(text).not.toContain("secret detail")
    expect(text).toContain(requestId)
    expect(fixture.entries[0]).toMatchObject({ requestId, status: 500, error: fixture.engine.refusal })
  })
})

describe("session headers", () => {
  async function sessionKeyFor(headers: Record<string, string>): Promise<string | null | undefined> {
    const fixture = appFixture()
    await post(fixture, "/v1/chat/completions", chat, headers)
    return fixture.engine.responses[0]?.request.sessionKey
  }

  test("the first configured header that is not empty names the conversation", async () => {
    expect(await sessionKeyFor({ "X-OpenWebUI-Chat-Id": "c1" })).toBe("c1")
    expect(await sessionKeyFor({ "X-Session-Id": "s1", "X-OpenWebUI-Chat-Id": "c1" })).toBe("s1")
    expect(await sessionKeyFor({ "X-Session-Id": "", "X-OpenWebUI-Chat-Id": "c1" })).toBe("c1")
    expect(await sessionKeyFor({ "X-Other": "x" })).toBeNull()
  })

  test("it may be UTF-8", async () => {
    expect(await sessionKeyFor({ "x-session-id": Buffer.from("Gespräch 7").toString("latin1") })).toBe(
      "Gespräch 7",
    )
  })

  test.each([
    ["too long", "x".repeat(513)],
    ["with a control character", "a\tb"],
    ["not UTF-8", "\xff\xfe"],
  ])("one that is %s is refused by name", async (_name, value) => {
    const answer = await post(appFixture(), "/v1/chat/completions", chat, { "x-session-id": value })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { param: "x-session-id" } })
  })
})

describe("models", () => {
  test("every agent is a model, by id and by name", async () => {
    const fixture = appFixture()
    fixture.engine.agentStatuses = [agentStatus("manager"), agentStatus("engineer_alice")]
    const list = await jsonOf(await fixture.app.request("/v1/models"))
    expect(list.data.map((model: { id: string }) => model.id)).toEqual(["manager", "engineer_alice"])
    expect(await jsonOf(await fixture.app.request("/v1/models/alice"))).toMatchObject({
      id: "engineer_alice",
    })
    expect(await jsonOf(await fixture.app.request("/v1/models/manager"))).toEqual(list.data[0])
  })

  test("an unknown one is a 404 model_not_found", async () => {
    const answer = await appFixture().app.request("/v1/models/gpt-9")
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ error: { code: "model_not_found" } })
  })
})

test("a path of any length is cut in the log", async () => {
  const fixture = appFixture()
  await fixture.app.request(`/v1/${"x".repeat(20_000)}`)
  expect(fixture.entries[0]?.path).toHaveLength(513)
  expect(fixture.entries[0]?.status).toBe(404)
})

describe("health and readiness", () => {
  test("health tells that the service answers, its version and uptime, without a key", async () => {
    const answer = await appFixture(keys).app.request("/health", { headers: { host: "agents.lan:8123" } })
    expect(await answer.json()).toEqual({
      ok: true,
      status: "ok",
      version: "9.8.7",
      uptime_seconds: 90,
      endpoint: "http://agents.lan:8123/v1/responses",
      manager: "manager",
    })
  })

  test("ready is 200 only while the service runs and the manager can work", async () => {
    expect((await appFixture(keys).app.request("/ready")).status).toBe(200)
    expect((await appFixture({ phase: "starting" }).app.request("/ready")).status).toBe(503)
    expect((await appFixture({ phase: "stopping" }).app.request("/ready")).status).toBe(503)
    const fixture = appFixture()
    fixture.engine.agentStatuses = [
      agentStatus("manager", {
        readiness: { isReady: false, reason: "Not logged in.", nextStep: "codex login", detail: null },
      }),
      agentStatus("engineer_alice"),
    ]
    const answer = await fixture.app.request("/ready")
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain("logged in")
  })
})

describe("every route", () => {
  test("HEAD answers as GET without a body", async () => {
    for (const path of ["/", "/health", "/v1/models"]) {
      const answer = await appFixture().app.request(path, { method: "HEAD" })
      expect(answer.status).toBe(200)
      expect(await answer.text()).toBe("")
    }
  })

  test("a trailing slash makes no difference, with and without a key", async () => {
    expect((await appFixture(keys).app.request("/health/")).status).toBe(200)
    expect((await appFixture(keys).app.request("/v1/models/")).status).toBe(401)
    expect((await appFixture().app.request("/v1/models/")).status).toBe(200)
  })

  test("a foreign page or a foreign host name is refused where no key protects the service", async () => {
    const { app } = appFixture()
    for (const headers of [{ origin: "https://evil.example" }, { host: "evil.example" }]) {
      const answer = await app.request("/v1/models", { headers })
      expect(answer.status).toBe(403)
      expect(await answer.json()).toMatchObject({ error: { code: "forbidden_origin" } })
    }
    const withKey = { authorization: "Bearer sk-ann", origin: "https://other.example", host: "proxy.example" }
    expect((await appFixture(keys).app.request("/v1/models", { headers: withKey })).status).toBe(200)
  })

  test("request ids are ours and unique; the client's own goes to the log only, harmless", async () => {
    const fixture = appFixture()
    const headers = { "x-client-request-id": `mine ${"é".repeat(3)}`, "x-request-id": "theirs" }
    const first = await fixture.app.request("/health", { headers })
    const second = await fixture.app.request("/health", { headers })
    expect(first.headers.get("x-request-id")).toMatch(/^req_/)
    expect(first.headers.get("x-request-id")).not.toBe(second.headers.get("x-request-id"))
    expect(JSON.stringify([...first.headers])).not.toContain("mine")
    expect(fixture.entries[0]).toMatchObject({ clientRequestId: "mine ???", path: "/health", status: 200 })
  })
})
