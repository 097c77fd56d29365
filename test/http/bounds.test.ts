import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { Agent, get, request } from "node:http"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { expect, onTestFinished, test } from "vitest"
import { WebSocket } from "ws"
import type { FakeResponse } from "./fake-engine.ts"
import { appFixture, jsonOf, serverFixture, until } from "./http-fixture.ts"

/** Connections of this machine are taken beyond the limit. */
const ownReserve = 64
const twoKeys = {
  apiKeys: new Map([
    ["ann", "key-ann"],
    ["bob", "key-bob"],
  ]),
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** On a connection of its own. Rejects when the connection ends without an answer. */
function ask(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = get(url, { agent: false, headers }, (incoming) => {
      text(incoming).then(
        (body) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
        reject,
      )
    })
    outgoing.on("error", reject)
  })
}

/** Asks until it is not told any more that there is no room. */
async function served(url: string, what: string): Promise<void> {
  const end = Date.now() + 10_000
  while ((await ask(`${url}/v1/models`)).status !== 200) {
    if (Date.now() > end) throw new Error(`Deadline passed: ${what}`)
  }
}

/** A connection on which nothing is said. */
async function idle(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1")
  onTestFinished(() => {
    socket.destroy()
  })
  socket.resume()
  await once(socket, "connect")
  return socket
}

/** A stream that does not end by itself, on a connection of its own. */
async function busy(url: string, headers: Record<string, string> = {}) {
  const outgoing = request(`${url}/v1/responses`, {
    method: "POST",
    agent: new Agent(),
    headers: { "content-type": "application/json", ...headers },
  })
  outgoing.on("error", () => {})
  onTestFinished(() => {
    outgoing.destroy()
  })
  outgoing.end(JSON.stringify({ stream: true, input: "Hi" }))
  const [incoming] = await once(outgoing, "response")
  return { outgoing, incoming }
}

test("where every connection has a request, the next one is told so, health is told, and there is one line in the log", async () => {
  const { server, engine, logged } = await serverFixture({ limits: { connections: 2 } })
  engine.onSubmit = (response) => response.begin()
  const streams = []
  for (let count = 0; count < 2 + ownReserve; count += 1) streams.push(await busy(server.url))
  for (let count = 0; count < 3; count += 1) {
    const refused = await ask(`${server.url}/v1/models`)
    expect(refused.status).toBe(503)
    expect(refused.headers).toMatchObject({ connection: "close", "retry-after": "2" })
    expect(JSON.parse(refused.body).error).toMatchObject({ code: "connections_full", type: "server_error" })
    expect((await ask(`${server.url}/health`)).status).toBe(200)
  }
  expect(logged.filter((line) => line.includes("a bound was met"))).toHaveLength(1)
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
  const [, answer] = await once(
    socket.on("error", () => {}),
    "unexpected-response",
  )
  expect(answer.statusCode).toBe(503)
  answer.destroy()

  streams[0]?.outgoing.destroy()
  await served(server.url, "there is room again")
})

test("connections on which nothing is said make room for new ones", async () => {
  const { server } = await serverFixture({ limits: { connections: 2 } })
  const sockets: Socket[] = []
  for (let count = 0; count < 2 + ownReserve; count += 1) sockets.push(await idle(server.port))
  await served(server.url, "a new client is served")
  await until("the longest idle one is closed", () => sockets[0]?.readable === false)
})

test("of more clients at once than are served every one is answered, and none is dropped without a word", async () => {
  const { server } = await serverFixture({ limits: { connections: 64 } })
  const answers = await Promise.all(
    Array.from({ length: 1000 }, () =>
      ask(`${server.url}/v1/models`).then(
        ({ status }) => String(status),
        (error: Error) => error.message,
      ),
    ),
  )
  expect(answers.filter((answer) => answer !== "200" && answer !== "503")).toEqual([])
  expect(answers).toContain("200")
})

const clients = 2560
const kept = Number(process.platform === "linux" ? readFileSync("/proc/sys/net/core/somaxconn", "utf8") : 0)
if (kept < clients) console.log(`Not tested: the system keeps ${kept} connections that nobody has taken yet.`)

test.runIf(kept >= clients)(
  `${clients} clients are connected while the service has no time for them`,
  async () => {
    const { server } = await serverFixture()
    // The server is in this process, which waits for the clients.
    const program = join(import.meta.dirname, "programs/connect-many.ts")
    const { stdout } = spawnSync(process.execPath, [program, String(server.port), String(clients)], {
      encoding: "utf8",
    })
    expect(Number(stdout)).toBe(clients)
  },
)

test("requests under way of one caller leave room for another one's", async () => {
  const { server, engine } = await serverFixture({ config: twoKeys, limits: { connections: 16 } })
  engine.onSubmit = (response) => response.begin()
  const ann = { authorization: "Bearer key-ann" }
  const most = (16 + ownReserve) / 2
  const streams = []
  for (let count = 0; count < most; count += 1) streams.push(await busy(server.url, ann))
  expect(streams.every(({ incoming }) => incoming.statusCode === 200)).toBe(true)
  const refused = await ask(`${server.url}/v1/models`, ann)
  expect(refused.status).toBe(429)
  expect(refused.headers["retry-after"]).toBe("5")
  expect(JSON.parse(refused.body).error.message).toContain("Your key has as many requests under way")
  expect((await ask(`${server.url}/v1/models`, { authorization: "Bearer key-bob" })).status).toBe(200)
})

test("WebSockets of one caller leave room for another one's", async () => {
  const { server } = await serverFixture({ config: twoKeys, maxSockets: 4 })
  const open = (key: string) => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`, {
      headers: { authorization: `Bearer ${key}` },
    })
    onTestFinished(() => socket.terminate())
    return socket.on("error", () => {})
  }
  for (let count = 0; count < 2; count += 1) await once(open("key-ann"), "open")
  const [, refused] = await once(open("key-ann"), "unexpected-response")
  expect(refused.statusCode).toBe(429)
  expect(await text(refused)).toContain("You have as many WebSockets open as are left for all others")
  await once(open("key-bob"), "open")
})

test("bodies count in one budget, whichever way they come in", async () => {
  const kilobytes = (count: number) => "x".repeat(count * 1024)
  const { server, engine } = await serverFixture({ limits: { bodiesBytes: 300 * 1024 } })
  engine.onSubmit = (response) => response.begin()
  const outgoing = request(`${server.url}/v1/responses`, {
    method: "POST",
    agent: false,
    headers: { "content-type": "application/json" },
  })
  onTestFinished(() => {
    outgoing.destroy()
  })
  outgoing.on("error", () => {}).end(JSON.stringify({ stream: true, input: kilobytes(260) }))
  await once(outgoing, "response")

  for (const [path, body] of [
    ["/v1/chat/completions", { messages: [{ role: "user", content: kilobytes(200) }] }],
    ["/v1/responses/input_tokens", { input: kilobytes(200) }],
    ["/v1/responses/compact", { input: kilobytes(200) }],
    ["/v1/conversations", { items: [{ role: "user", content: kilobytes(200) }] }],
    ["/agent-reply", { agent: "manager", text: kilobytes(200) }],
  ] as const) {
    const refused = await fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    })
    expect([path, refused.status]).toEqual([path, 429])
    expect((await jsonOf(refused)).error.message).toContain("limits.bodies_bytes")
  }
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
  onTestFinished(() => socket.terminate())
  await once(socket, "open")
  socket.send(JSON.stringify({ type: "response.create", input: kilobytes(200) }))
  const [message] = await once(socket, "message")
  expect(JSON.parse(String(message))).toMatchObject({ status: 429, error: { code: "queue_full" } })
})

test("bodies on the socket in the home are bounded like all others", async () => {
  const { app } = appFixture({ isControl: true, limits: { bodyBytes: 1024 } })
  const ask = (body: string) =>
    app.request("/control/agents", {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": String(body.length) },
      body,
    })
  expect((await ask(JSON.stringify({ role: "x".repeat(2000) }))).status).toBe(413)
  expect((await ask("{}")).status).toBe(400)
})

test("a WebSocket message counts while it comes: where there is no room its socket is told so and closed", async () => {
  const kilobytes = (count: number) => "x".repeat(count * 1024)
  const { server, bounds, engine } = await serverFixture({ limits: { bodiesBytes: 300 * 1024 } })
  const others = bounds.bodies.open("others")
  others.grow(260 * 1024)
  const open = async () => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
    onTestFinished(() => socket.terminate())
    await once(socket, "open")
    return socket
  }
  const socket = await open()
  const told = once(socket, "message")
  const closed = once(socket, "close")
  socket.on("error", () => {}).send(kilobytes(200), { fin: false })
  const [message] = await told
  expect(JSON.parse(String(message))).toMatchObject({ status: 429, error: { code: "queue_full" } })
  expect(await closed).toEqual([1013, expect.anything()])

  // A turn that runs is told to its end before.
  const running: FakeResponse[] = []
  engine.onSubmit = (response) => {
    response.begin()
    running.push(response)
  }
  const busySocket = await open()
  const messages: string[] = []
  busySocket.on("error", () => {}).on("message", (data) => messages.push(JSON.parse(String(data)).type))
  busySocket.send(JSON.stringify({ type: "response.create", input: "Hi" }))
  await until("the turn runs", () => running.length > 0)
  busySocket.send(kilobytes(200), { fin: false })
  await until("it is told that there is no room", () => messages.includes("error"))
  running[0]?.complete()
  await once(busySocket, "close")
  expect(messages.at(-1)).toBe("response.completed")

  // What left before its end counts for nothing any more.
  others.release()
  const leaving = await open()
  leaving.send(kilobytes(250), { fin: false })
  const small = bounds.bodies.open("small")
  const isFull = () => {
    try {
      small.grow(250 * 1024)
      return false
    } catch {
      // Told in words, which are not asked for here.
      return true
    } finally {
      small.release()
    }
  }
  await until("its bytes count", isFull)
  leaving.terminate()
  await until("its bytes are given back", () => !isFull())
})

test("behind a configured proxy the log has a person's address, and each address has its own share", async () => {
  const { server, entries, engine } = await serverFixture({
    config: { ...twoKeys, trustedProxies: ["127.0.0.0/8"] },
    limits: { connections: 16 },
  })
  engine.onSubmit = (response) => response.begin()
  const from = (address: string, key = "key-ann") => ({
    authorization: `Bearer ${key}`,
    "x-forwarded-for": address,
  })
  await ask(`${server.url}/v1/models`, from("203.0.113.9"))
  await ask(`${server.url}/v1/models`, { authorization: "Bearer key-ann" })
  expect(entries.map(({ address }) => address)).toEqual(["203.0.113.9", "127.0.0.1"])
  const most = (16 + ownReserve) / 2
  for (let count = 0; count < most / 2; count += 1) await busy(server.url, from("203.0.113.9"))
  for (let count = 0; count < most / 2; count += 1) await busy(server.url, from("203.0.113.9", "key-bob"))
  const refused = await ask(`${server.url}/v1/models`, from("203.0.113.9", "key-bob"))
  expect(refused.status).toBe(429)
  expect(JSON.parse(refused.body).error.message).toContain("Your address has as many requests under way")
  expect((await ask(`${server.url}/v1/models`, from("203.0.113.10", "key-bob"))).status).toBe(200)
})

test("functions of a thread are called from this machine, and not through a proxy for somebody elsewhere", async () => {
  const { app } = appFixture()
  const asked = await app.request("/mcp", { method: "POST", headers: { "x-forwarded-for": "203.0.113.9" } })
  expect(asked.status).toBe(403)
})
