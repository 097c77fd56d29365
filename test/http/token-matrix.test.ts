import { request } from "node:http"
import { describe, expect, it } from "vitest"
import { routeDescriptions } from "../../src/protocol/openapi/routes.ts"
import { jsonOf, type ServerFixture, serverFixture } from "./http-fixture.ts"

const withKey = { config: { apiKeys: new Map([["ann", "sk-ann"]]) } }

interface Route {
  readonly method: string
  readonly path: string
  /** Served to anybody: a token has nothing to open there. */
  readonly isOpen: boolean
}

const documented: readonly Route[] = routeDescriptions.map(({ method, path, isOpen }) => ({
  method,
  path: path.replace(/\{\w+\}/g, "x"),
  isOpen: isOpen === true,
}))

/** What is in no document: functions of threads, the command line's own socket, what is not there at all. */
const others: readonly Route[] = [
  ["POST", "/mcp"],
  ["GET", "/mcp"],
  ["GET", "/control/status"],
  ["POST", "/control/agents"],
  ["DELETE", "/control/agents/manager"],
  ["POST", "/control/agents/manager/stop"],
  ["POST", "/control/agents/manager/start"],
  ["POST", "/control/agents/manager/conversation"],
  ["GET", "/metrics"],
  ["POST", "/agent-reply/x"],
  ["PUT", "/agent-reply"],
].map(([method = "", path = ""]) => ({ method, path, isOpen: false }))

interface Tokens {
  readonly agent: string
  readonly thread: string
}

async function openFixture(options: Parameters<typeof serverFixture>[0] = {}) {
  const fixture = await serverFixture(options)
  const channel = await fixture.channels.open([], () => {})
  const tokens: Tokens = {
    agent: `Bearer ${fixture.agentTokens.tokenOf({ id: "manager", identity: "agent-1" })}`,
    thread: channel.headers.authorization ?? "",
  }
  return { ...fixture, tokens }
}

function call(
  { server }: ServerFixture,
  { method, path }: Pick<Route, "method" | "path">,
  authorization?: string,
): Promise<Response> {
  return fetch(server.localUrl + path, {
    method,
    headers: { "content-type": "application/json", ...(authorization !== undefined && { authorization }) },
    ...(method !== "GET" && { body: "{}" }),
  })
}

/** Status of a WebSocket's handshake. */
function handshake({ server }: ServerFixture, authorization: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(`${server.localUrl}/v1/responses`, {
      headers: {
        authorization,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    })
    asked.once("response", (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    asked.once("upgrade", (_, socket) => {
      socket.destroy()
      resolve(101)
    })
    asked.once("error", reject)
    asked.end()
  })
}

const nameOf = ({ method, path }: Route) => `${method} ${path}`

/** Every route that the token opens: all but those that ask for another one, or for none. */
async function openedBy(fixture: ServerFixture, authorization: string): Promise<string[]> {
  const opened: string[] = []
  for (const route of [...documented, ...others].filter(({ isOpen }) => !isOpen)) {
    const { status } = await call(fixture, route, authorization)
    if (status !== 401) opened.push(`${nameOf(route)}: ${status}`)
  }
  const status = await handshake(fixture, authorization)
  return status === 401 ? opened : [...opened, `WebSocket: ${status}`]
}

describe("the two tokens that an agent's CLI has", () => {
  it("open each its own route, and no other of all that there are", async () => {
    const fixture = await openFixture(withKey)
    expect(documented.length).toBeGreaterThan(30)
    // Both are let in and then told what is missing in the body.
    expect(await openedBy(fixture, fixture.tokens.agent)).toEqual(["POST /agent-reply: 400"])
    // Its own token posts to it and listens there.
    expect(await openedBy(fixture, fixture.tokens.thread)).toEqual(["POST /mcp: 400", "GET /mcp: 200"])
    // The list is one of routes that are there: a key opens all of them but the agents' own.
    const closed = (await openedBy(fixture, "Bearer sk-wrong")).length
    expect(closed).toBe(0)
    const byKey = await openedBy(fixture, "Bearer sk-ann")
    expect(byKey.map((line) => line.split(":")[0])).toEqual([
      ...documented.filter(({ isOpen }) => !isOpen).map(nameOf),
      ...others.filter(({ path }) => path !== "/mcp").map(nameOf),
      "WebSocket",
    ])
  })

  it("show no more of the pages and checks that are open than a stranger sees", async () => {
    const fixture = await openFixture({
      ...withKey,
      outbox: [
        {
          id: "rep_1",
          agentId: "manager",
          clientId: null,
          principal: null,
          responseId: null,
          conversationId: null,
          text: "For the owner only.",
          isFinal: false,
          sent: null,
          delivery: "outbox",
          createdAt: 1_790_000_000_000,
        },
      ],
    })
    for (const route of documented.filter(({ isOpen }) => isOpen)) {
      const seen = await Promise.all(
        [undefined, fixture.tokens.agent, fixture.tokens.thread].map(async (token) => {
          const answer = await call(fixture, route, token)
          return [answer.status, await answer.text()]
        }),
      )
      expect([nameOf(route), ...seen.slice(1)]).toEqual([nameOf(route), seen[0], seen[0]])
      expect(JSON.stringify(seen)).not.toContain("For the owner only.")
    }
  })

  it("are refused with the reason also where no key is asked for", async () => {
    const fixture = await openFixture()
    expect((await call(fixture, { method: "GET", path: "/v1/models" })).status).toBe(200)
    for (const token of Object.values(fixture.tokens)) {
      const answer = await call(fixture, { method: "GET", path: "/v1/models" }, token)
      expect(answer.status).toBe(401)
      expect((await jsonOf(answer)).error.message).toMatch(/token.* opens .* only/)
    }
    expect(await openedBy(fixture, fixture.tokens.agent)).toEqual(["POST /agent-reply: 400"])
    expect(await openedBy(fixture, fixture.tokens.thread)).toEqual(["POST /mcp: 400", "GET /mcp: 200"])
  })

  it("are good for as long as the thread is open, and for that service only", async () => {
    const fixture = await openFixture(withKey)
    const other = await openFixture(withKey)
    expect(await openedBy(other, fixture.tokens.agent)).toEqual([])
    expect(await openedBy(other, fixture.tokens.thread)).toEqual([])
    fixture.channels.stop()
    expect(await openedBy(fixture, fixture.tokens.thread)).toEqual([])
  })
})
