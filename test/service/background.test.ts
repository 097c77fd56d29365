import type OpenAI from "openai"
import type { Response, ResponseItem, ResponseStreamEvent } from "openai/resources/responses/responses"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { descendantsOf } from "../support/processes.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

type Event = ResponseStreamEvent & { readonly sequence_number: number }

async function collect(stream: AsyncIterable<ResponseStreamEvent>): Promise<Event[]> {
  const events: Event[] = []
  for await (const event of stream) events.push(event as Event)
  return events
}

/** The stream as it is on the wire: the official client throws at the error event of a failed turn. */
async function wireEvents(service: TestService, path: string): Promise<Event[]> {
  const reply = await service.fetch(`${service.url}/v1${path}`)
  expect(reply.status).toBe(200)
  const text = await reply.text()
  expect(text.endsWith("data: [DONE]\n\n")).toBe(true)
  return [...text.matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1] ?? "") as Event)
}

function ended(client: OpenAI, id: string): Promise<Response> {
  return waitFor(
    async () => {
      const found = await client.responses.retrieve(id)
      return found.status === "in_progress" || found.status === "queued" ? null : found
    },
    { what: "the response to end", timeoutMs: 15_000 },
  )
}

describe("a background response", () => {
  let service: TestService
  let client: OpenAI

  beforeAll(async () => {
    service = await startTestService()
    client = service.client
  })
  afterAll(() => service.stop())

  it("is answered at once, polled, streamed from its start and its middle by two at once, and read after a restart", async () => {
    const created = await client.responses.create({
      model: "manager",
      input: "[[reason:hm]][[slow:30:50]]",
      background: true,
    })
    expect(created).toMatchObject({ background: true, output: [], usage: null })
    expect(["queued", "in_progress"]).toContain(created.status)
    const { id } = created
    // Two readers, one of which leaves in the middle and comes back behind what it has.
    const whole = client.responses.retrieve(id, { stream: true }).then(collect)
    const first: Event[] = []
    for await (const event of await client.responses.retrieve(id, { stream: true })) {
      first.push(event as Event)
      if (event.type === "response.output_text.delta" && event.delta.includes("3")) break
    }
    const rest = client.responses
      .retrieve(id, { stream: true, starting_after: first.length - 1, include_obfuscation: true })
      .then(collect)
    expect((await client.responses.retrieve(id)).status).toBe("in_progress")
    const events = await whole
    expect([...first, ...(await rest)]).toEqual(events)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    expect(events.slice(0, 3)).toMatchObject([
      { type: "response.created", response: { status: "queued", background: true } },
      { type: "response.queued", response: { status: "queued" } },
      { type: "response.in_progress", response: { status: "in_progress" } },
    ])
    const last = events.at(-1)
    if (last?.type !== "response.completed") throw new Error(`the last event is ${last?.type}`)
    const found = await client.responses.retrieve(id)
    expect(found.output_text).toMatch(/^1 2 .* 30$/)
    expect(found.output).toEqual(last.response.output)

    const middle = Math.floor(events.length / 2)
    const behind = (number: number) =>
      wireEvents(service, `/responses/${id}?stream=true&starting_after=${number}`)
    expect(await behind(middle)).toEqual(events.slice(middle + 1))
    await service.restart()
    client = service.client
    expect(await client.responses.retrieve(id)).toEqual(found)
    expect(await wireEvents(service, `/responses/${id}?stream=true`)).toEqual(events)
    expect(await behind(middle)).toEqual(events.slice(middle + 1))
    expect(await behind(events.length - 1)).toEqual([])
    // The stream helper takes a response up as well.
    const helper = client.responses.stream({ response_id: id })
    expect((await helper.finalResponse()).output_text).toBe(found.output_text)
  }, 30_000)

  it("may be streamed from its creation on, and finishes after its client left", async () => {
    const abort = new AbortController()
    const stream = await client.responses.create(
      { model: "manager", input: "[[slow:8:100]]", background: true, stream: true },
      { signal: abort.signal },
    )
    let id = ""
    for await (const event of stream) {
      if (event.type === "response.created") id = event.response.id
      if (event.type === "response.output_text.delta") break
    }
    abort.abort()
    expect(await ended(client, id)).toMatchObject({
      status: "completed",
      output_text: "1 2 3 4 5 6 7 8",
    })
  })

  it("is cancelled with what its agent does: the answer comes when the command is gone, and stays", async () => {
    const sleepers = () => descendantsOf(process.pid).filter((entry) => entry.commandLine === "sleep 67")
    const { id } = await client.responses.create({
      model: "manager",
      input: "[[say:first]][[shell:sleep 67]]",
      background: true,
    })
    const reading = client.responses.retrieve(id, { stream: true }).then(collect)
    await waitFor(() => sleepers().length === 1, { what: "the command to run" })
    const cancelled = await client.responses.cancel(id)
    expect(cancelled).toMatchObject({ id, status: "cancelled", completed_at: null, error: null })
    await waitFor(() => sleepers().length === 0, { what: "the command to end", timeoutMs: 1000 })
    expect((await reading).at(-1)).toMatchObject({
      type: "response.incomplete",
      response: { status: "cancelled" },
    })
    expect(await client.responses.cancel(id)).toEqual(cancelled)
    expect(await client.responses.retrieve(id)).toMatchObject(cancelled)
    const next = await client.responses.create({
      model: "manager",
      previous_response_id: id,
      input: "[[say:goes on]]",
    })
    expect(next.output_text).toBe("goes on")
  })

  it("that fails keeps the numbers of its two last events, from wherever it is read", async () => {
    const { id } = await client.responses.create({
      model: "manager",
      input: "[[status:400]]",
      background: true,
    })
    expect(await ended(client, id)).toMatchObject({ status: "failed" })
    const path = `/responses/${id}?stream=true`
    const events = await wireEvents(service, path)
    const types = events.map((event) => event.type)
    expect(types.slice(-2)).toEqual(["error", "response.failed"])
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    for (const [index] of events.entries()) {
      expect(await wireEvents(service, `${path}&starting_after=${index}`)).toEqual(events.slice(index + 1))
    }
  })

  it("needs store, and only such a response can be cancelled or asked for what is not there", async () => {
    await expect(
      client.responses.create({ model: "manager", input: "x", background: true, store: false }),
    ).rejects.toMatchObject({ status: 400, param: "background" })
    const plain = await client.responses.create({ model: "manager", input: "[[say:a]]" })
    await expect(client.responses.cancel(plain.id)).rejects.toMatchObject({ status: 400 })
    await expect(client.responses.cancel("resp_none")).rejects.toMatchObject({ status: 404 })
    await expect(client.responses.retrieve("resp_none", { stream: true })).rejects.toMatchObject({
      status: 404,
    })
    for (const query of ["stream=maybe", "starting_after=1", "stream=true&starting_after=-1"]) {
      expect((await service.fetch(`${service.url}/v1/responses/${plain.id}?${query}`)).status).toBe(400)
    }
  })
})

describe("the input items of a response", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService()
  })
  afterAll(() => service.stop())

  it("are all that it was made from, newest first, in pages that the official client follows", async () => {
    const { client } = service
    const texts = Array.from({ length: 7 }, (_, index) => `message ${index}`)
    const first = await client.responses.create({
      model: "manager",
      input: [...texts, "[[say:one]]"].map((content) => ({ role: "user" as const, content })),
    })
    const second = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: "[[say:two]]",
    })
    const list = async (id: string, query: { order?: "asc" | "desc"; limit?: number }) => {
      const items: ResponseItem[] = []
      for await (const item of client.responses.inputItems.list(id, query)) items.push(item)
      return items
    }
    const all = await list(second.id, { order: "asc", limit: 3 })
    const said = all.map((item) => (item.type === "message" ? JSON.stringify(item.content) : item.type))
    expect(said).toHaveLength(10)
    expect([...texts, "[[say:one]]", "one", "[[say:two]]"].every((text, i) => said[i]?.includes(text))).toBe(
      true,
    )
    expect(await list(second.id, { limit: 4 })).toEqual(all.toReversed())
    expect(await list(first.id, { order: "asc" })).toEqual(all.slice(0, 8))
    const page = await client.responses.inputItems.list(second.id, {
      limit: 2,
      include: ["reasoning.encrypted_content"],
    })
    expect(page).toMatchObject({ has_more: true, data: all.toReversed().slice(0, 2) })
    const raw = await (
      await service.fetch(`${service.url}/v1/responses/${second.id}/input_items?limit=2`)
    ).json()
    expect(raw).toMatchObject({ object: "list", first_id: all.at(-1)?.id, last_id: all.at(-2)?.id })
    await expect(client.responses.inputItems.list(second.id, { limit: 101 })).rejects.toMatchObject({
      status: 400,
      param: "limit",
    })
    await expect(client.responses.inputItems.list(second.id, { after: "msg_none" })).rejects.toMatchObject({
      status: 400,
      param: "after",
    })
    await service.restart()
    const again = await service.client.responses.inputItems.list(second.id, { order: "asc" })
    expect(again.data).toEqual(all)
  })
})

describe("a service that ends while background turns wait", () => {
  let service: TestService | null = null
  afterEach(() => service?.stop())

  it("ends the one that ran as failed and begins the one that waited after its restart", async () => {
    service = await startTestService({ limits: { drainMs: 0 } })
    const client = service.clientWith({ headers: { "X-Session-Id": "one-thread" } })
    const running = await client.responses.create({
      model: "manager",
      input: "[[slow:600]]",
      background: true,
    })
    await waitFor(() => service?.model.requests.length === 1, { what: "the first turn to run" })
    const waiting = await client.responses.create({
      model: "manager",
      input: "[[say:late]]",
      background: true,
    })
    expect(waiting.status).toBe("queued")
    await service.restart()
    expect(await service.client.responses.retrieve(running.id)).toMatchObject({ status: "failed" })
    const late = await ended(service.client, waiting.id)
    expect(late).toMatchObject({ status: "completed", output_text: "late", created_at: waiting.created_at })
    const events = await wireEvents(service, `/responses/${waiting.id}?stream=true`)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    expect(events[1]?.type).toBe("response.queued")
  })
})
