import { request } from "node:http"
import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { expect, test } from "vitest"
import { startHttpServer } from "../../src/http/server/http-server.ts"
import { appFixture, serverFixture, until } from "./http-fixture.ts"
import { SseClient } from "./sse-client.ts"

test("a port that is taken is named, with what to do", async () => {
  const { server, app } = await serverFixture()
  await expect(startHttpServer(app, { host: "127.0.0.1", port: server.port })).rejects.toThrow(
    `Port ${server.port} on 127.0.0.1 is in use by another program. Stop that program, or choose another port with --port.`,
  )
})

test("an address that is not of this machine is named", async () => {
  await expect(startHttpServer(appFixture().app, { host: "192.0.2.1", port: 0 })).rejects.toThrow(
    "This machine has no address 192.0.2.1.",
  )
})

test("a server on all addresses tells a URL that a browser understands", async () => {
  const server = await startHttpServer(appFixture().app, { host: "0.0.0.0", port: 0 })
  expect(server.url).toBe(`http://localhost:${server.port}`)
  await server.close()
})

test("closing lets a running answer end, takes no new connection, and is safe twice", async () => {
  const { app, engine } = appFixture()
  const server = await startHttpServer(app, { host: "127.0.0.1", port: 0, closeGraceMs: 20_000 })
  engine.onSubmit = (response) => response.begin()
  const client = new SseClient(`${server.url}/v1/responses`, { stream: true, input: "Hi" })
  await client.sees("content_part.added")
  const closed = Promise.all([server.close(), server.close()])
  await expect(fetch(`${server.url}/health`)).rejects.toThrow()
  engine.responses[0]?.say("Goodbye.")
  engine.responses[0]?.complete()
  expect(await client.ended()).toContain("[DONE]")
  await closed
})

test("closing cuts what does not end within the grace", async () => {
  const { app, engine } = appFixture()
  const server = await startHttpServer(app, { host: "127.0.0.1", port: 0, closeGraceMs: 0 })
  engine.onSubmit = (response) => response.begin()
  const client = new SseClient(`${server.url}/v1/responses`, { stream: true, input: "Hi" })
  await client.sees("content_part.added")
  await server.close()
  await until("the client sees the end", () => client.isCut)
})

test("a second request that is pipelined behind a stream is cancelled with its connection", async () => {
  const { server, engine } = await serverFixture()
  engine.onSubmit = (response) => response.begin()
  const body = JSON.stringify({ stream: true, input: "Hi" })
  const client = request(`${server.url}/v1/responses`, { method: "POST", agent: false })
  const head = `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  client.on("socket", (socket) => {
    socket.on("connect", () => socket.write(head + head))
  })
  client.on("error", () => {})
  await until("both turns run", () => engine.responses.length === 2)
  client.destroy()
  await until("both turns are cancelled", () =>
    engine.responses.every((response) => response.cancelCount > 0),
  )
})

test("a client that ends its side of the connection before it has its answer is gone", async () => {
  const { server, engine } = await serverFixture()
  engine.onSubmit = (response) => response.begin()
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true })
  const body = '{"input":"Hi"}'
  socket.end(
    `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await until("the turn is cancelled", () => engine.responses[0]?.cancelCount === 1)
  expect(await text(socket)).toBe("")
})

test("health is told to a load balancer that speaks HTTP/1.0 without a Host", async () => {
  const { server } = await serverFixture()
  const socket = connect(server.port, "127.0.0.1")
  socket.write("GET /health HTTP/1.0\r\n\r\n")
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /)
})

test("health tells the address that it was reached at, as a proxy that is believed tells it", async () => {
  const { server } = await serverFixture({
    config: { host: "0.0.0.0", apiKeys: new Map([["ann", "key-ann"]]), trustedProxies: ["127.0.0.0/8"] },
  })
  const endpointOf = async (head: string): Promise<string> => {
    const socket = connect(server.port, "127.0.0.1")
    socket.write(`${head}\r\n\r\n`)
    const [, body = ""] = (await text(socket)).split("\r\n\r\n")
    return JSON.parse(body).endpoint
  }
  const here = `http://127.0.0.1:${server.port}/v1/responses`
  expect(await endpointOf("GET /health HTTP/1.0")).toBe(here)
  const asked = "GET /health HTTP/1.1\r\nhost: Agents.example\r\nconnection: close"
  expect(await endpointOf(asked)).toBe("http://agents.example/v1/responses")
  const proxied = `${asked}\r\nx-forwarded-for: 203.0.113.9\r\nx-forwarded-proto: https`
  expect(await endpointOf(proxied)).toBe("https://agents.example/v1/responses")
})

test.each([
  ["a turn", "POST /v1/responses", ""],
  ["a WebSocket", "GET /v1/responses", "connection: upgrade\r\nupgrade: websocket\r\n"],
  ["its health", "GET /health", ""],
])("two Host headers are refused, whoever reads which: asked for %s", async (_, line, more) => {
  const { server, engine } = await serverFixture()
  const socket = connect(server.port, "127.0.0.1")
  const body = '{"input":"Hi"}'
  const type = `content-type: application/json\r\ncontent-length: ${body.length}`
  socket.write(`${line} HTTP/1.1\r\nHost: localhost\r\n${more}hOst: localhost\r\n${type}\r\n\r\n${body}`)
  const [head = "", told = ""] = (await text(socket)).split("\r\n\r\n")
  expect(head).toMatch(/^HTTP\/1\.1 400 /)
  expect(JSON.parse(told).error).toMatchObject({
    code: "invalid_request",
    message: expect.stringContaining("Host"),
  })
  expect(engine.responses).toEqual([])
})
