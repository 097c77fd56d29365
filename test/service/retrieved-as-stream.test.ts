import { once } from "node:events"
import { request } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly text: string
}

/** A GET with a body, which `fetch` does not send. `type`: null: it says nothing of what the body is. */
async function get(url: string, body: string, type: string | null = "application/json"): Promise<Answer> {
  const headers = {
    ...(type !== null && { "content-type": type }),
    "content-length": Buffer.byteLength(body),
  }
  const asked = request(url, { method: "GET", headers })
  asked.end(body)
  const [incoming] = await once(asked, "response")
  let text = ""
  for await (const chunk of incoming.setEncoding("utf8")) text += chunk
  return { status: incoming.statusCode, type: incoming.headers["content-type"], text }
}

describe("a stored response that is asked for by the body of a GET, as openai-go does", () => {
  let service: TestService
  let url: string

  beforeAll(async () => {
    service = await startTestService()
    const { id } = await service.client.responses.create({ model: "manager", input: "[[slow:20]]" })
    url = `${service.url}/v1/responses/${id}`
  })
  afterAll(() => service.stop())

  it("comes as events, from the first or behind a number, and whole where the query says so", async () => {
    const whole = await (await service.fetch(`${url}?stream=true`)).text()
    expect(await get(url, '{"stream":true}')).toEqual({
      status: 200,
      type: "text/event-stream; charset=utf-8",
      text: whole,
    })
    const behind = await (await service.fetch(`${url}?stream=true&starting_after=4`)).text()
    expect((await get(url, '{"stream":true,"starting_after":4}')).text).toBe(behind)
    expect((await get(`${url}?starting_after=4`, '{"stream":true}')).text).toBe(behind)
    expect((await get(`${url}?stream=false`, '{"stream":true}')).type).toContain("application/json")
    expect((await get(url, "{}")).type).toContain("application/json")
  })

  it("comes as events where the body has no media type, which is how openai-go sends it", async () => {
    const { status, type } = await get(url, '{"stream":true}', null)
    expect({ status, type }).toEqual({ status: 200, type: "text/event-stream; charset=utf-8" })
    expect((await get(url, '{"stream":true}', "text/plain")).status).toBe(415)
    expect((await get(url, "{", null)).status).toBe(400)
  })

  it.each([
    ['{"stream":"yes"}', 400, "stream"],
    ['{"stream":true,"starting_after":-1}', 400, "starting_after"],
    ['{"starting_after":1}', 400, "starting_after"],
    ['{"stream":true,"include":["nonsense"]}', 400, "include[0]"],
    ['{"stream":true,"start_after":1}', 400, "start_after"],
    ['{"instructions":null}', 400, "instructions"],
    ["{", 400, null],
    ["[]", 400, null],
    [JSON.stringify({ stream: true, include: [], padding: "x".repeat(20_000) }), 413, null],
  ])("is refused by name: %.40s", async (body, status, param) => {
    const answer = await get(url, body)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text).error.param).toBe(param)
  })
})
