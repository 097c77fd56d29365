import { once } from "node:events"
import { Agent, type IncomingMessage, request } from "node:http"
import { connect } from "node:net"
import { describe, expect, test } from "vitest"
import { jsonOf, type ServerFixture, serverFixture, until } from "./http-fixture.ts"

const withKey = { config: { apiKeys: new Map([["ann", "sk-ann"]]) } }
const auth = { authorization: "Bearer sk-ann" }
const json = { ...auth, "content-type": "application/json" }
const hello = JSON.stringify({ messages: [{ role: "user", content: "Hi" }] })

interface Case {
  readonly name: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  readonly status: number
  readonly code: string
}

const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`

const cases: readonly Case[] = [
  { name: "no key", headers: { "content-type": "application/json" }, status: 401, code: "invalid_api_key" },
  {
    name: "a wrong key",
    headers: { ...json, authorization: "Bearer sk-eve" },
    status: 401,
    code: "invalid_api_key",
  },
  { name: "no key and a broken body", headers: {}, body: "{", status: 401, code: "invalid_api_key" },
  {
    name: "no key on an unknown route",
    path: "/v1/nothing",
    headers: {},
    status: 401,
    code: "invalid_api_key",
  },
  {
    name: "text/plain",
    headers: { ...auth, "content-type": "text/plain" },
    status: 415,
    code: "unsupported_media_type",
  },
  {
    name: "no content type",
    headers: auth,
    body: Buffer.from(hello),
    status: 415,
    code: "unsupported_media_type",
  },
  {
    name: "UTF-16",
    headers: { ...auth, "content-type": "application/json; charset=utf-16" },
    status: 415,
    code: "unsupported_media_type",
  },
  {
    name: "gzip",
    headers: { ...json, "content-encoding": "gzip" },
    status: 415,
    code: "unsupported_media_type",
  },
  { name: "broken JSON", body: '{"messages": [', status: 400, code: "invalid_json" },
  { name: "an empty body", body: "", status: 400, code: "invalid_json" },
  {
    name: "invalid UTF-8",
    body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
    status: 400,
    code: "invalid_json",
  },
  { name: "JSON 5,000 levels deep", body: `{"messages": ${deep}}`, status: 400, code: "invalid_json" },
  {
    name: "20 MB",
    body: `{"messages": "${"x".repeat(20 * 1024 * 1024)}"}`,
    status: 413,
    code: "body_too_large",
  },
  { name: "an unknown route", path: "/v1/nothing", status: 404, code: "not_found" },
  { name: "a route beyond /v1", path: "/chat/completions", status: 404, code: "not_found" },
  { name: "a wrong method", method: "PUT", status: 405, code: "method_not_allowed" },
  { name: "a broken escape in a path", path: "/v1/%ZZ%00", status: 404, code: "not_found" },
  {
    name: "a broken X-On-Disconnect",
    headers: { ...json, "x-on-disconnect": "maybe" },
    status: 400,
    code: "invalid_request",
  },
]

async function send(fixture: ServerFixture, input: Partial<Case>): Promise<Response> {
  return fetch(`${fixture.server.url}${input.path ?? "/v1/chat/completions"}`, {
    method: input.method ?? "POST",
    headers: input.headers ?? json,
    body: input.body ?? hello,
  })
}

async function expectEnvelope(answer: Response, code: string): Promise<void> {
  const body = await jsonOf(answer)
  expect(body).toEqual({
    error: { message: expect.any(String), type: expect.any(String), param: body.error.param, code },
  })
  expect(answer.headers.get("content-type")).toBe("application/json")
  expect(answer.headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/)
}

describe("bad input is answered with the envelope, and the service goes on", () => {
  for (const input of cases) {
    test(`${input.name}: ${input.status}`, async () => {
      const fixture = await serverFixture(withKey)
      const answer = await send(fixture, input)
      expect(answer.status).toBe(input.status)
      await expectEnvelope(answer, input.code)
      expect(fixture.engine.responses).toHaveLength(0)

      expect((await send(fixture, {})).status).toBe(200)
    })
  }
})

test("a 401 names the scheme, a 405 the methods that are possible", async () => {
  const fixture = await serverFixture(withKey)
  expect((await send(fixture, { headers: {} })).headers.get("www-authenticate")).toBe("Bearer")
  expect((await send(fixture, { method: "DELETE" })).headers.get("allow")).toBe("GET, HEAD, POST")
  expect((await send(fixture, { path: "/v1/models" })).headers.get("allow")).toBe("GET, HEAD")
})

test("a 413 comes while the body is still being sent, without a length and without the body being kept", async () => {
  const { server } = await serverFixture({ ...withKey, limits: { bodyBytes: 100_000 } })
  const chunk = Buffer.alloc(64 * 1024, "x")
  let sentBytes = 0
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const upload = request(`${server.url}/v1/responses`, { method: "POST", headers: json }, (answer) => {
      expect(answer.headers.connection).toBe("close")
      answer.resume()
      resolve(answer.statusCode)
      upload.destroy()
    })
    upload.on("error", reject)
    // Never ends by itself: only an early answer can stop it.
    const pump = (): void => {
      while (!upload.destroyed && upload.write(chunk)) sentBytes += chunk.length
    }
    upload.on("drain", pump)
    pump()
  })
  expect(status).toBe(413)
  expect(sentBytes).toBeLessThan(64 * 1024 * 1024)
})

test.each([
  { what: "without a key", path: "/v1/responses", headers: { authorization: "none" }, status: 401 },
  { what: "to no route", path: "/v1/nowhere", headers: {}, status: 404 },
  { what: "of another type", path: "/v1/responses", headers: { "content-type": "text/plain" }, status: 415 },
])(
  "a request $what whose body is still being sent is told that its connection ends, and the rest harms nobody",
  async ({ path, headers, status }) => {
    const { server } = await serverFixture(withKey)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const half = Buffer.alloc(300_000, "x")
    const sending = { ...json, ...headers, "content-length": String(2 * half.length) }
    const upload = request(server.url + path, { method: "POST", agent, headers: sending })
    const ended = once(upload, "close")
    upload.write(half)
    // Typed as any list of arguments.
    const [answer] = (await once(upload, "response")) as [IncomingMessage]
    expect(answer.statusCode).toBe(status)
    expect(answer.headers.connection).toBe("close")
    upload.end(half)
    answer.resume()
    await ended
    const next = request(`${server.url}/health`, { agent }).end()
    const [healthy] = (await once(next, "response")) as [IncomingMessage]
    expect(healthy.statusCode).toBe(200)
    agent.destroy()
  },
)

test("a declared length beyond the limit is refused before the body comes", async () => {
  const { server } = await serverFixture({ ...withKey, limits: { bodyBytes: 1000 } })
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { ...json, "content-length": "20000000" }
    const upload = request(`${server.url}/v1/responses`, { method: "POST", headers }, (answer) => {
      resolve(answer.statusCode)
      upload.destroy()
    })
    upload.on("error", reject)
    upload.flushHeaders()
  })
  expect(status).toBe(413)
})

/** Sends bytes as they are, and gives everything that comes back until the connection ends. */
async function raw(fixture: ServerFixture, bytes: string): Promise<string> {
  const socket = connect(fixture.server.port, "127.0.0.1")
  let answer = ""
  let isClosed = false
  socket.on("data", (chunk) => {
    answer += chunk.toString()
  })
  socket.on("close", () => {
    isClosed = true
  })
  socket.on("error", () => {})
  socket.write(bytes)
  await until("the connection is closed", () => isClosed)
  return answer
}

describe("what is not HTTP", () => {
  test.each([
    ["garbage", "hello there\r\n\r\n", "400 Bad Request"],
    ["a broken header", "GET /health HTTP/1.1\r\nhost localhost\r\n\r\n", "400 Bad Request"],
    [
      "too many header bytes",
      `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"x".repeat(40_000)}\r\n\r\n`,
      "431 ",
    ],
    ["an unknown expectation", "GET / HTTP/1.1\r\nhost: localhost\r\nexpect: tea\r\n\r\n", "417 "],
  ])("%s is answered with the envelope and the connection closed", async (_name, bytes, status) => {
    const fixture = await serverFixture()
    const answer = await raw(fixture, bytes)
    expect(answer).toContain(`HTTP/1.1 ${status}`)
    expect(answer).toContain('{"error":{"message":')
    expect(answer.toLowerCase()).toContain("x-request-id: req_")
    expect((await fetch(`${fixture.server.url}/health`)).status).toBe(200)
  })

  test.each([
    ["no host at all", "GET /health HTTP/1.1\r\nconnection: close\r\n\r\n"],
    ["a host that is none", "GET /health HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n"],
    ["a backslash in the path", "GET /\\x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"],
  ])("%s is a 400 with the envelope", async (_name, bytes) => {
    const answer = await raw(await serverFixture(), bytes)
    expect(answer).toContain("HTTP/1.1 400")
    expect(answer).toContain('{"error":{"message":')
  })
})

test("a client that waits for 100-continue is told to go on", async () => {
  const { server, engine } = await serverFixture()
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { "content-type": "application/json", expect: "100-continue" }
    const upload = request(`${server.url}/v1/chat/completions`, { method: "POST", headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    upload.on("continue", () => upload.end(hello))
    upload.on("error", reject)
    upload.flushHeaders()
  })
  expect(status).toBe(200)
  expect(engine.responses).toHaveLength(1)
})
