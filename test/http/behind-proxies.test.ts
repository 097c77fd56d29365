import { once } from "node:events"
import { request } from "node:http"
import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { describe, expect, onTestFinished, test } from "vitest"
import { WebSocket } from "ws"
import { appFixture, jsonOf, serverFixture } from "./http-fixture.ts"

const withKey = { config: { apiKeys: new Map([["ann", "key-ann"]]) } }
const handshake = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" }

interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly error: { readonly code: string; readonly message: string }
}

/** What comes back on a bare connection, as nginx asks: HTTP/1.0 and the inner host. */
async function askedByNginx(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const socket = connect(port, "127.0.0.1")
  onTestFinished(() => {
    socket.destroy()
  })
  const lines = Object.entries({ host: `127.0.0.1:${port}`, connection: "close", ...headers })
  socket.write(
    `GET ${path} HTTP/1.0\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
  )
  return text(socket)
}

async function get(url: string, headers: Record<string, string>): Promise<Refusal> {
  const outgoing = request(url, { headers }).end()
  const [incoming] = await once(outgoing, "response")
  return { status: incoming.statusCode, headers: incoming.headers, ...JSON.parse(await text(incoming)) }
}

async function refusedSocket(url: string, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/responses`, { headers }).on("error", () => {})
  const [, refused] = await once(socket, "unexpected-response")
  refused.destroy()
  return refused.statusCode
}

describe.each([
  { where: "not configured", trustedProxies: [] },
  { where: "configured", trustedProxies: ["127.0.0.1"] },
])("without a key, what a proxy that is $where brings", ({ trustedProxies }) => {
  test.each<Record<string, string>>([
    { "x-forwarded-for": "203.0.113.9" },
    { "x-forwarded-for": "127.0.0.1" },
    { "x-forwarded-host": "localhost:3000" },
    { "x-forwarded-proto": "https" },
    { "x-forwarded-server": "localhost" },
    { "x-real-ip": "127.0.0.1" },
    { forwarded: "proto=https" },
    { via: "1.1 varnish (Varnish/7.1)" },
  ])("is refused with the next step, by HTTP and as a WebSocket: %o", async (headers) => {
    const { server } = await serverFixture({ config: { trustedProxies } })
    for (const path of ["/v1/models", "/", "/health"]) {
      const { status, error } = await get(`${server.url}${path}`, headers)
      expect([status, error.code]).toEqual([403, "forbidden_origin"])
      expect(error.message).toContain("Configure an API key (AI_AGENT_PROXY_API_KEY)")
    }
    expect(await refusedSocket(server.url, headers)).toBe(403)
  })
})

test("without a key, what is asked in HTTP/1.0 came through a proxy, but for the health", async () => {
  const { server } = await serverFixture()
  for (const path of ["/", "/web", "/v1/models", "/v1/responses"]) {
    const answer = await askedByNginx(server.port, path)
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
    expect(answer).toContain("HTTP/1.0")
    expect(answer).toContain("Configure an API key")
  }
  expect(
    await askedByNginx(server.port, "/v1/responses", {
      ...handshake,
      connection: "upgrade",
      upgrade: "websocket",
    }),
  ).toMatch(/^HTTP\/1\.1 403 /)
  for (const path of ["/health", "/ready"]) {
    expect(await askedByNginx(server.port, path)).toMatch(/^HTTP\/1\.1 200 /)
  }
})

test("with a key, what a proxy brings is served as everything is", async () => {
  const { server } = await serverFixture(withKey)
  const headers = { authorization: "Bearer key-ann", "x-forwarded-for": "203.0.113.9", via: "1.1 cache" }
  expect((await fetch(`${server.url}/v1/models`, { headers })).status).toBe(200)
  expect(await askedByNginx(server.port, "/v1/models", headers)).toMatch(/^HTTP\/1\.1 200 /)
})

test.each([
  ["both headers of the connection", {}],
  ["`Connection`", { upgrade: "websocket", connection: "close" }],
  ["`Upgrade`", { connection: "upgrade" }],
])("a WebSocket that lost %s on its way is told so, and what to set", async (_what, headers) => {
  const { server } = await serverFixture()
  const {
    status,
    headers: answered,
    error,
  } = await get(`${server.url}/v1/responses`, { ...handshake, ...headers })
  expect([status, error.code, answered.upgrade]).toEqual([426, "upgrade_lost", "websocket"])
  expect(error.message).toContain("proxy_set_header Upgrade $http_upgrade")
})

test("a WebSocket that came as HTTP/1.0 without its headers is told so, where a key is good", async () => {
  const { server } = await serverFixture(withKey)
  expect(await askedByNginx(server.port, "/v1/responses", handshake)).toMatch(/^HTTP\/1\.1 401 /)
  const answer = await askedByNginx(server.port, "/v1/responses", {
    ...handshake,
    authorization: "Bearer key-ann",
  })
  expect(answer).toMatch(/^HTTP\/1\.1 426 /)
  expect(answer).toContain("upgrade_lost")
})

test("the document of the API names a server that is right below a prefix too", async () => {
  const { app } = appFixture()
  const { servers } = await jsonOf(await app.request("/openapi.json"))
  const url = new URL(servers[0].url, "https://example.org/agents/openapi.json")
  expect(url.href).toBe("https://example.org/agents/")
})
