import { request } from "node:http"
import { describe, expect, it } from "vitest"
import type { FunctionTool } from "../../src/domain/items.ts"
import type { ToolCall, ToolChannel } from "../../src/domain/tool-endpoint.ts"
import { appFixture, jsonOf, type ServerFixture, serverFixture, until } from "./http-fixture.ts"

const lookup: FunctionTool = {
  name: "lookup",
  description: "Looks a key up",
  parameters: { properties: { key: { type: "string" } }, required: ["key"] },
}

interface OpenFixture extends ServerFixture {
  readonly channel: ToolChannel
  readonly calls: ToolCall[]
  /** A message of a client; `headers` replace those that it sends by itself. */
  post(message: unknown, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>
}

async function openFixture(options: Parameters<typeof serverFixture>[0] = {}): Promise<OpenFixture> {
  const fixture = await serverFixture(options)
  const calls: ToolCall[] = []
  const channel = await fixture.channels.open([lookup], (call) => calls.push(call))
  return {
    ...fixture,
    channel,
    calls,
    post: (message, headers = {}, signal) =>
      fetch(channel.url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          ...channel.headers,
          ...headers,
        },
        body: typeof message === "string" ? message : JSON.stringify(message),
        ...(signal !== undefined && { signal }),
      }),
  }
}

const call = (id: number, args: unknown = { key: "a" }, more: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: "lookup", arguments: args, ...more },
})

describe("the endpoint of client functions", () => {
  it("agrees on a version with a client, and shows it the functions of its thread", async () => {
    const { post } = await openFixture()
    const first = await post({
      jsonrpc: "2.0",
      id: 0,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
    })
    expect(await jsonOf(first)).toEqual({
      jsonrpc: "2.0",
      id: 0,
      result: {
        protocolVersion: "2025-06-18",
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: "ai-agent-proxy", version: "9.8.7" },
      },
    })
    const ready = await post({ jsonrpc: "2.0", method: "notifications/initialized" })
    expect([ready.status, await ready.text()]).toEqual([202, ""])
    const list = await jsonOf(await post({ jsonrpc: "2.0", id: 1, method: "tools/list" }))
    expect(list.result.tools).toEqual([
      {
        name: "lookup",
        description: "Looks a key up",
        inputSchema: { type: "object", properties: { key: { type: "string" } }, required: ["key"] },
      },
    ])
    expect((await jsonOf(await post({ jsonrpc: "2.0", id: 2, method: "ping" }))).result).toEqual({})
  })

  it("offers its newest version to a client that speaks another one", async () => {
    const { post } = await openFixture()
    const params = { protocolVersion: "2031-01-01" }
    const answer = await post({ jsonrpc: "2.0", id: "a", method: "initialize", params })
    expect((await jsonOf(answer)).result.protocolVersion).toBe("2025-11-25")
  })

  it("serves clients of the revision without a handshake", async () => {
    const { post, calls } = await openFixture()
    const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" }
    const ask = async (method: string, params = {}) =>
      jsonOf(
        await post(
          { jsonrpc: "2.0", id: 1, method, params: { _meta, ...params } },
          { accept: "application/json" },
        ),
      )
    const discovered = await ask("server/discover")
    expect(discovered.result).toMatchObject({ resultType: "complete", supportedVersions: ["2026-07-28"] })
    expect((await ask("tools/list")).result).toMatchObject({ resultType: "complete", ttlMs: 0 })
    const result = ask("tools/call", { name: "lookup", arguments: {} })
    await until("the call to come", () => calls.length === 1)
    calls[0]?.answer([{ type: "text", text: "b" }])
    expect((await result).result).toMatchObject({ resultType: "complete", isError: false })
    const unknown = await post({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/list",
      params: { _meta: { "io.modelcontextprotocol/protocolVersion": "2031-01-01" } },
    })
    expect(unknown.status).toBe(400)
    expect((await jsonOf(unknown)).error.data.supported).toEqual(["2026-07-28"])
  })

  it.each(["GET", "subscriptions/listen"])(
    "tells a client that listens by %s of other functions",
    async (way) => {
      const { post, channel, calls } = await openFixture({ limits: { keepAliveMs: 5 } })
      const other = { ...lookup, name: "other" }
      expect(await channel.setTools([lookup], 0)).toBe(true)
      // Nobody listens yet.
      expect(await channel.setTools([other], 10_000)).toBe(false)
      const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" }
      const listen = {
        method: "subscriptions/listen",
        params: { _meta, notifications: { toolsListChanged: true } },
      }
      const stream =
        way === "GET"
          ? await fetch(channel.url, { headers: { ...channel.headers, accept: "text/event-stream" } })
          : await post({ jsonrpc: "2.0", id: 9, ...listen })
      expect([stream.status, stream.headers.get("content-type")]).toEqual([200, "text/event-stream"])
      const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ""
      const read = async (part: string) => {
        while (!text.includes(part)) text += (await reader?.read())?.value ?? ""
      }
      await read(": listening")
      const changed = channel.setTools([lookup, other], 10_000)
      await read("notifications/tools/list_changed")
      const list = await jsonOf(await post({ jsonrpc: "2.0", id: 1, method: "tools/list" }))
      expect(list.result.tools.map(({ name }: FunctionTool) => name)).toEqual(["lookup", "other"])
      expect(await changed).toBe(true)
      if (way !== "GET") {
        const [first] = text.split("\n\n")
        expect(JSON.parse(first?.replace("event: message\ndata: ", "") ?? "")).toMatchObject({
          method: "notifications/subscriptions/acknowledged",
          params: {
            _meta: { "io.modelcontextprotocol/subscriptionId": 9 },
            notifications: { toolsListChanged: true },
          },
        })
      }
      // One that does not ask for the list is waited for so long, and no longer.
      expect(await channel.setTools([other], 1)).toBe(false)
      expect(await (await post(call(2))).text()).toContain("Unknown tool: lookup")
      expect(calls).toEqual([])
      channel.close()
      for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
        text += next.value
    },
  )

  it("holds a call open until it is answered, with signs of life", async () => {
    const { post, calls } = await openFixture({ limits: { keepAliveMs: 5 } })
    const answer = await post(call(7, { key: "a" }, { _meta: { progressToken: "p" } }))
    expect(answer.headers.get("content-type")).toBe("text/event-stream")
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ""
    while (!text.includes('"progress":2')) text += (await reader?.read())?.value ?? ""
    expect(text).toContain('"method":"notifications/progress","params":{"progressToken":"p","progress":1}')
    expect(calls).toMatchObject([{ name: "lookup", arguments: '{"key":"a"}' }])
    calls[0]?.answer([
      { type: "text", text: "é" },
      { type: "image", url: "data:image/png;base64,AAAA" },
    ])
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
      text += next.value
    const last = text.trim().split("\n\n").at(-1) ?? ""
    expect(JSON.parse(last.replace("event: message\ndata: ", ""))).toEqual({
      jsonrpc: "2.0",
      id: 7,
      result: {
        content: [
          { type: "text", text: "é" },
          { type: "image", data: "AAAA", mimeType: "image/png" },
        ],
        isError: false,
      },
    })
    expect(calls[0]?.signal.aborted).toBe(false)
  })

  it("holds a call open for a client that takes no stream, too, behind white space", async () => {
    const { post, calls } = await openFixture({ limits: { keepAliveMs: 5 } })
    const answer = await post(call(1), { accept: "application/json" })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value?.trim()).toBe("")
    calls[0]?.answer([{ type: "text", text: "no such key" }], true)
    let text = ""
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
      text += next.value
    expect(JSON.parse(text).result).toEqual({
      content: [{ type: "text", text: "no such key" }],
      isError: true,
    })
  })

  it("tells that nobody waits when the client cancels, or its connection is lost", async () => {
    const { post, calls } = await openFixture()
    const cancelled = await post(call(1))
    const abort = new AbortController()
    const lost = await post(call(2), {}, abort.signal)
    await until("both calls", () => calls.length === 2)
    const note = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } }
    expect((await post(note)).status).toBe(202)
    expect(await cancelled.text()).toBe("")
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true, false])
    abort.abort()
    await lost.text().catch(() => "")
    await until("the lost call to be aborted", () => calls[1]?.signal.aborted === true)
    // Late answers are nobody's.
    for (const { answer } of calls) answer([{ type: "text", text: "late" }])
  })

  it("ends what is open, and its token, with the channel", async () => {
    const { post, calls, channel } = await openFixture()
    const open = await post(call(1))
    channel.close()
    channel.close()
    expect(await open.text()).toContain('"isError":true')
    expect(calls[0]?.signal.aborted).toBe(true)
    expect((await post(call(2))).status).toBe(401)
  })

  it("takes a bounded number of calls at once", async () => {
    const { post, calls, channel } = await openFixture()
    await Promise.all(Array.from({ length: 64 }, (_, index) => post(call(index))))
    expect(await (await post(call(64))).text()).toContain("64 calls wait for their answers already")
    expect(calls).toHaveLength(64)
    channel.close()
  })

  it("lets nobody in without the token of the thread, and one thread not to another's functions", async () => {
    const { post, channels, calls } = await openFixture({ config: { apiKeys: new Map([["ann", "sk-ann"]]) } })
    const otherCalls: ToolCall[] = []
    const other = await channels.open([{ ...lookup, name: "other" }], (made) => otherCalls.push(made))
    for (const authorization of [
      "",
      "Bearer sk-ann",
      "Bearer ",
      "Basic abc",
      `${other.headers.authorization}x`,
    ]) {
      const answer = await post(call(1), { authorization })
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"])
    }
    expect(await (await post(call(1), { ...other.headers })).text()).toContain("Unknown tool: lookup")
    expect([calls.length, otherCalls.length]).toEqual([0, 0])
  })

  it("gives tokens of threads no way into the API", async () => {
    const { channel, server } = await openFixture({ config: { apiKeys: new Map([["ann", "sk-ann"]]) } })
    const answer = await fetch(`${server.url}/v1/models`, { headers: { ...channel.headers } })
    expect(answer.status).toBe(401)
  })

  it("is for programs of this machine: not for pages, and not under foreign names", async () => {
    const { post, channel } = await openFixture()
    expect((await post(call(1), { origin: "http://127.0.0.1" })).status).toBe(403)
    const status = await new Promise((resolve, reject) => {
      request(
        channel.url,
        { method: "POST", headers: { ...channel.headers, host: "evil.example" } },
        (incoming) => resolve(incoming.resume().statusCode),
      )
        .on("error", reject)
        .end()
    })
    expect(status).toBe(403)
  })

  it("has no sessions to end", async () => {
    const { channel } = await openFixture()
    for (const method of ["DELETE", "PUT"]) {
      const answer = await fetch(channel.url, { method, headers: { ...channel.headers } })
      expect([method, answer.status, answer.headers.get("allow")]).toEqual([method, 405, "GET, POST"])
    }
  })

  it.each([
    ["half a message", "{", 400],
    ["a batch", "[]", 400],
    ["nothing", "null", 400],
    ["another JSON-RPC", '{"jsonrpc":"1.0","id":1,"method":"ping"}', 400],
    ["an id that is none", '{"jsonrpc":"2.0","id":{},"method":"ping"}', 400],
    ["a method that is none", '{"jsonrpc":"2.0","id":1,"method":7}', 400],
    ["an answer to nothing", '{"jsonrpc":"2.0","id":1,"result":{}}', 202],
    ["the end of nothing", '{"jsonrpc":"2.0","method":"notifications/cancelled","params":[]}', 202],
    ["arguments that are no object", JSON.stringify(call(1, "text")), 200],
    ["a call of nothing", JSON.stringify({ ...call(1), params: null }), 200],
    ["a method that there is not", JSON.stringify({ ...call(1), method: "resources/list" }), 200],
    ["something deep", "[".repeat(100), 400],
    ["a body above the limit", JSON.stringify(call(1, { key: "x".repeat(3_000) })), 413],
  ])("answers %s, and goes on", async (_what, body, status) => {
    const { post, calls } = await openFixture({ limits: { bodyBytes: 2_048 } })
    const answer = await post(body)
    expect(answer.status).toBe(status)
    if (status === 200) expect(await answer.text()).toContain('"error":{"code":-326')
    expect((await post({ jsonrpc: "2.0", id: 2, method: "ping" })).status).toBe(200)
    expect(calls).toEqual([])
  })

  it("opens channels once the service listens, and none once it stops", async () => {
    const { channels } = appFixture()
    let isOpen = false
    const opening = channels
      .open([lookup], () => {})
      .then(() => {
        isOpen = true
      })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOpen).toBe(false)
    channels.listening("http://127.0.0.1:1/mcp")
    await opening
    channels.stop()
    await expect(channels.open([lookup], () => {})).rejects.toThrow("The service is stopping")
  })
})
