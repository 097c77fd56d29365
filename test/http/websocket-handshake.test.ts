import { once } from "node:events"
import { connect } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { WebSocket } from "ws"
import { serverFixture, until } from "./http-fixture.ts"

function open(url: string, headers: Record<string, string> = {}, path = "/v1/responses"): WebSocket {
  const socket = new WebSocket(url.replace("http", "ws") + path, { headers })
  // Leaving before it was accepted is an error to it.
  socket.on("error", () => {})
  onTestFinished(() => socket.terminate())
  return socket
}

/** What comes back on a bare connection until it is closed. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1")
  socket.write(text)
  let answer = ""
  socket.on("data", (data) => {
    answer += data
  })
  await once(socket, "close")
  return answer
}

test("a socket too many is a 429, and its place is free again when another one has left", async () => {
  const { server } = await serverFixture({ maxSockets: 1 })
  const first = open(server.url)
  await once(first, "open")
  const [, refused] = await once(open(server.url), "unexpected-response")
  expect(refused.statusCode).toBe(429)
  expect(refused.headers["retry-after"]).toBe("5")
  refused.resume()
  first.close()
  await once(first, "close")
  const third = open(server.url)
  await once(third, "open")
})

test("a handshake that is none is a 400 in the form of all errors", async () => {
  const { server, entries } = await serverFixture()
  const answer = await exchange(
    server.port,
    "GET /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
  )
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  const { error } = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))
  expect(error).toMatchObject({ code: "invalid_request", type: "invalid_request_error", param: null })
  expect(entries).toMatchObject([{ method: "GET", path: "/v1/responses", status: 400 }])
})

test("an upgrade of another route, and a GET without one, are answered by HTTP", async () => {
  const { server } = await serverFixture()
  const [, answer] = await once(open(server.url, {}, "/v1/models"), "unexpected-response")
  expect(answer.statusCode).toBe(200)
  answer.destroy()
  expect((await fetch(`${server.url}/v1/responses`)).status).toBe(405)
})

test("a turn that waits for its client's return is cancelled after the grace, or goes on where the handshake asks for it", async () => {
  const { server, engine } = await serverFixture()
  engine.onSubmit = (response) => response.begin()
  for (const word of ["cancel", "continue"]) {
    const socket = open(server.url, { "x-on-disconnect": word, "x-session-id": `chat ${word}` })
    await once(socket, "open")
    socket.send(JSON.stringify({ type: "response.create", input: "Hi" }))
    await once(socket, "message")
    socket.terminate()
  }
  const [cancelled, kept] = engine.responses
  await until("the first turn is cancelled", () => cancelled?.cancelCount === 1)
  expect(kept?.cancelCount).toBe(0)
  expect(kept?.request.sessionKey).toBe("chat continue")
})

test("handshakes and messages are logged without what they say", async () => {
  const { server, engine, entries } = await serverFixture()
  engine.onSubmit = (response) => {
    response.begin()
    response.say("secret answer")
    response.complete()
  }
  const socket = open(server.url, { "x-client-request-id": "mine" })
  await once(socket, "open")
  socket.send(JSON.stringify({ type: "response.create", input: "secret question" }))
  await until("the message is logged", () => entries.length === 2)
  expect(entries).toMatchObject([
    { method: "GET", status: 101, principal: "owner", clientRequestId: "mine", error: null },
    { method: "WS", status: 200, principal: "owner", clientRequestId: "mine", error: null },
  ])
  expect(JSON.stringify(entries)).not.toContain("secret")
})
