import { afterEach, beforeEach, expect, test } from "vitest"
import type { ModelServer } from "./model-server.ts"
import { startModelServer } from "./model-server.ts"
import type { JsonObject } from "./wire.ts"
import { isObject } from "./wire.ts"

let server: ModelServer

beforeEach(async () => {
  server = await startModelServer({ maxRequests: 3 })
})

afterEach(async () => {
  await server.close()
})

async function post(text: string, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ model: "m", stream: true, input: text })
  const headers = { "content-type": "application/json", authorization: "Bearer k" }
  return fetch(`${server.url}/responses`, { method: "POST", headers, body, ...(signal ? { signal } : {}) })
}

function eventsOf(text: string): readonly JsonObject[] {
  return text
    .split("\n\n")
    .flatMap((block) => block.split("\n").filter((line) => line.startsWith("data: ")))
    .map((line): unknown => JSON.parse(line.slice(6)))
    .filter(isObject)
}

async function typesOf(text: string): Promise<readonly unknown[]> {
  return eventsOf(await (await post(text)).text()).map((event) => event.type)
}

test("an answer is a whole Responses stream with numbered events and the usage", async () => {
  const response = await post("[[say:abcdef]]")
  expect(response.headers.get("content-type")).toBe("text/event-stream")
  const events = eventsOf(await response.text())
  expect(events.map((event) => event.type)).toEqual([
    "response.created",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.output_item.done",
    "response.completed",
  ])
  expect(events.map((event) => event.sequence_number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(events.flatMap((event) => event.delta ?? [])).toEqual(["abcd", "ef"])
  expect(events.at(-1)).toMatchObject({
    response: {
      usage: {
        input_tokens: 1234,
        input_tokens_details: { cached_tokens: 1000 },
        output_tokens: 56,
        total_tokens: 1290,
      },
    },
  })
})

test("reasoning comes before the answer", async () => {
  const types = await typesOf("[[reason:let me see]] hello")
  expect(types.indexOf("response.reasoning_summary_text.delta")).toBeGreaterThan(0)
  expect(types.indexOf("response.reasoning_summary_text.delta")).toBeLessThan(
    types.indexOf("response.output_text.delta"),
  )
})

test("commentary and the final answer carry their phases", async () => {
  const events = eventsOf(await (await post("[[commentary:looking]][[say:found]]")).text())
  const done = events.filter((event) => event.type === "response.output_item.done").map((event) => event.item)
  expect(done).toMatchObject([{ phase: "commentary" }, { phase: "final_answer" }])
})

test("twenty thousand deltas arrive complete and in order", async () => {
  const events = eventsOf(await (await post("[[deltas:20000]]")).text())
  const text = events.flatMap((event) => event.delta ?? []).join("")
  expect(text).toBe(Array.from({ length: 20_000 }, (_, index) => index + 1).join(" "))
})

test("a scripted status is an error object", async () => {
  const response = await post("[[status:429]]")
  expect(response.status).toBe(429)
  expect(await response.json()).toMatchObject({ error: { message: "scripted error 429" } })
})

test("a dropped stream breaks off after part of a message", async () => {
  const response = await post("[[drop]]")
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  const readAll = async () => {
    for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read())
      text += chunk.value
  }
  await expect(readAll()).rejects.toThrow()
  const types = eventsOf(text).map((event) => event.type)
  expect(types).toContain("response.output_text.delta")
  expect(types).not.toContain("response.completed")
})

test("a failed response says which error it was", async () => {
  const events = eventsOf(await (await post("[[failed:context_length_exceeded]]")).text())
  expect(events.at(-1)).toMatchObject({
    type: "response.failed",
    response: { error: { code: "context_length_exceeded" } },
  })
})

test("closing the server ends streams that hang or are silent", async () => {
  const hanging = post("[[hang]]").then(
    () => "answered",
    () => "cut",
  )
  const silent = await post("[[silent]]")
  const silentEnd = silent.text().then(
    () => "ended",
    () => "cut",
  )
  await server.close()
  expect(await Promise.all([hanging, silentEnd])).toEqual(["cut", "cut"])
})

test("a reader that leaves in the middle does not disturb the next request", async () => {
  const controller = new AbortController()
  const response = await post("[[slow:1000:50]]", controller.signal)
  await response.body?.getReader().read()
  controller.abort()
  expect(await typesOf("[[say:still here]]")).toContain("response.completed")
})

test("the newest requests are kept with their headers", async () => {
  for (const text of ["a", "b", "c", "d"]) await (await post(text)).text()
  expect(server.requests).toHaveLength(3)
  expect(server.requests[0]).toMatchObject({
    path: "/v1/responses",
    headers: { authorization: "Bearer k" },
    body: { model: "m", input: [{ role: "user", content: [{ text: "b" }] }] },
  })
  server.clearRequests()
  expect(server.requests).toEqual([])
})

test("a script that cannot be followed is a 400 that says why", async () => {
  const response = await post("[[slow:many]]")
  expect(response.status).toBe(400)
  expect(await response.text()).toContain("[[slow:many]] wants numbers")
})

test("the model list is served and other paths are 404", async () => {
  expect(await (await fetch(`${server.url}/models`)).json()).toMatchObject({ object: "list" })
  expect((await fetch(`${server.url}/nothing`)).status).toBe(404)
})
