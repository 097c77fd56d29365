import type OpenAI from "openai"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService

beforeAll(async () => {
  service = await startTestService({ limits: { disconnectGraceMs: 1500 } })
})
afterAll(() => service.stop())
beforeEach(() => service.model.clearRequests())

/** The official client has an option for it, but sends no such header by itself. */
function under(key: string) {
  return { headers: { "Idempotency-Key": key } }
}

function chat(client: OpenAI, text: string, idempotencyKey: string) {
  return client.chat.completions.create(
    { model: "manager", messages: [{ role: "user", content: text }] },
    under(idempotencyKey),
  )
}

describe("a request with an Idempotency-Key", () => {
  it("is run once: sent twice at once, again, and again after a restart, it has the same answer", async () => {
    const text = "[[slow:3:100]]"
    const both = await Promise.all([chat(service.client, text, "a"), chat(service.client, text, "a")])
    expect(both[0].choices[0]?.message.content).toBe("1 2 3")
    expect(both[1]).toEqual(both[0])
    expect(await chat(service.client, text, "a")).toEqual(both[0])
    await service.restart()
    expect(await chat(service.client, text, "a")).toEqual(both[0])
    expect(service.model.requests).toHaveLength(1)
    await expect(chat(service.client, `${text} other`, "a")).rejects.toMatchObject({
      status: 409,
      code: "idempotency_key_reused",
    })
    expect(await chat(service.client, text, "b")).not.toMatchObject({ id: both[0].id })
  })

  it("streams the same events again, under the same numbers", async () => {
    const events = async () => {
      const stream = await service.client.responses.create(
        { model: "manager", input: "[[say:streamed]]", stream: true },
        under("stream"),
      )
      const all: unknown[] = []
      for await (const event of stream) all.push(event)
      return all
    }
    const first = await events()
    expect(await events()).toEqual(first)
    await service.restart()
    expect(await events()).toEqual(first)
    expect(service.model.requests).toHaveLength(1)
  })

  it("fails the same way again, without a second run, and belongs to its route", async () => {
    const create = () =>
      service.client.responses
        .create({ model: "manager", input: "[[status:400]]" }, under("failing"))
        .catch((error: unknown) => error)
    const first = await create()
    expect(first).toMatchObject({ status: 400, code: "model_refused" })
    expect(await create()).toMatchObject({
      status: 400,
      code: "model_refused",
      message: (first as Error).message,
    })
    expect(service.model.requests).toHaveLength(1)
    await expect(chat(service.client, "[[say:a]]", "failing")).rejects.toMatchObject({ status: 409 })
  })

  it("that was lost on its way is taken up by its repetition, and not interrupted", async () => {
    const input = "[[slow:25:100]]"
    const create = (signal?: AbortSignal) =>
      service.client.responses.create(
        { model: "manager", input },
        { ...under("lost"), ...(signal && { signal }) },
      )
    const abort = new AbortController()
    const lost = create(abort.signal).catch((error: unknown) => error)
    await waitFor(() => service.model.requests.length === 1, { what: "the turn to run" })
    abort.abort()
    await lost
    expect(await create()).toMatchObject({ status: "completed", output_text: expect.stringMatching(/ 25$/) })
    expect(service.model.requests).toHaveLength(1)
  })

  it("in the background is one response", async () => {
    const create = () =>
      service.client.responses.create(
        { model: "manager", input: "[[say:once]]", background: true },
        under("background"),
      )
    const first = await create()
    expect((await create()).id).toBe(first.id)
    // Its request to the model must not come in the middle of another test.
    await waitFor(async () => (await service.client.responses.retrieve(first.id)).status === "completed", {
      what: "the response to end",
    })
  })

  it("has to have a key that can be read", async () => {
    await expect(chat(service.client, "[[say:a]]", "k".repeat(256))).rejects.toMatchObject({
      status: 400,
      param: "idempotency-key",
    })
  })
})

describe("the input tokens of a request", () => {
  it("are estimated with the conversation before it, and without running anything", async () => {
    const { client } = service
    const first = await client.responses.create({
      model: "manager",
      input: `[[say:a]] ${"word ".repeat(200)}`,
    })
    service.model.clearRequests()
    const alone = await client.responses.inputTokens.count({ model: "manager", input: "x".repeat(400) })
    expect(alone).toEqual({ object: "response.input_tokens", input_tokens: 104 })
    const after = await client.responses.inputTokens.count({
      model: "manager",
      input: "x".repeat(400),
      previous_response_id: first.id,
    })
    expect(after.input_tokens).toBeGreaterThan(350)
    const nothing = await client.responses.inputTokens.count({ model: "manager" })
    expect(nothing.input_tokens).toBe(0)
    await expect(
      client.responses.inputTokens.count({ model: "manager", input: "x", previous_response_id: "resp_none" }),
    ).rejects.toMatchObject({ status: 400, code: "previous_response_not_found" })
    expect(service.model.requests).toEqual([])
  })
})
