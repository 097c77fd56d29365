import {
  Agent,
  MemorySession,
  OpenAIResponsesCompactionSession,
  OpenAIResponsesModel,
  run,
  setTracingDisabled,
} from "@openai/agents"
import type { ResponseInput } from "openai/resources/responses/responses"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { conversationOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

setTracingDisabled(true)

describe("POST /v1/responses/compact", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService()
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  /** What the model was told last: role and text. */
  function told(): readonly { readonly role: string; readonly text: string }[] {
    const request = service.model.requests.at(-1)
    if (request === undefined) throw new Error("no request")
    return conversationOf(request)
  }

  it("keeps the user's messages and has the agent sum up the rest; its output is input again", async () => {
    const { client } = service
    const compacted = await client.responses.compact({
      model: "manager",
      input: [
        { role: "user", content: "Where is the report?" },
        { role: "assistant", content: "In the folder attic." },
        { role: "user", content: "Thanks." },
      ],
    })
    expect(compacted).toMatchObject({ object: "response.compaction", usage: { total_tokens: 1290 } })
    expect(compacted.output.map((item) => item.type)).toEqual(["message", "message", "compaction"])
    expect(JSON.stringify(compacted.output)).toContain("Where is the report?")
    expect(
      told()
        .map(({ text }) => text)
        .join("\n"),
    ).toContain("In the folder attic.")

    service.model.clearRequests()
    const next = await client.responses.create({
      model: "manager",
      input: [...compacted.output, { role: "user", content: "[[say:went on]]" }] as ResponseInput,
    })
    expect(next.output_text).toBe("went on")
    const texts = told().map(({ role, text }) => `${role}: ${text}`)
    expect(texts.filter((text) => text.includes("user: Where is the report?"))).toHaveLength(1)
    expect(
      texts.filter((text) => /^assistant: Summary of .*:\n\nYou said: Write a summary /.test(text)),
    ).toHaveLength(1)
    expect(texts.join("\n")).not.toContain("In the folder attic.")
  })

  it("compacts what a stored response stands for, and leaves that as it was", async () => {
    const { client } = service
    const first = await client.responses.create({ model: "manager", input: "[[say:one]] first" })
    const second = await client.responses.create({
      model: "manager",
      input: "[[say:two]] second",
      previous_response_id: first.id,
    })
    const threads = new Set(service.model.requests.map((request) => request.headers["thread-id"]))
    const compacted = await client.responses.compact({ model: "manager", previous_response_id: second.id })
    const messages = compacted.output.filter((item) => item.type === "message")
    expect(messages.map((item) => JSON.stringify(item.content))).toEqual([
      expect.stringContaining("first"),
      expect.stringContaining("second"),
    ])
    expect(threads).not.toContain(service.model.requests.at(-1)?.headers["thread-id"])
    await expect(client.responses.retrieve(compacted.id)).rejects.toMatchObject({ status: 404 })
    const third = await client.responses.create({
      model: "manager",
      input: "[[history]]",
      previous_response_id: second.id,
    })
    expect(third.output_text).not.toMatch(/summary/i)
    expect([...threads]).toEqual([service.model.requests.at(-1)?.headers["thread-id"]])
  })

  it.each([
    { what: "no model", body: { input: "x" }, param: "model" },
    { what: "nothing to compact", body: { model: "manager" }, param: "input" },
    {
      what: "an unknown response",
      body: { model: "manager", previous_response_id: "resp_0" },
      param: "previous_response_id",
    },
    {
      what: "a wrong item",
      body: { model: "manager", input: [{ type: "nonsense" }] },
      param: "input[0].type",
    },
  ])("refuses $what by name", async ({ body, param }) => {
    const answer = await service.fetch(`${service.url}/v1/responses/compact`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { param } })
    expect(service.model.requests).toHaveLength(0)
  })

  it("goes on behind what another service has compacted, tells the agent so, and names it", async () => {
    const input = [
      { type: "compaction", encrypted_content: "gAAAAABpM0Yj" },
      { role: "user", content: "[[history]]" },
    ] as ResponseInput
    const { data, response } = await service.client.responses
      .create({ model: "manager", input })
      .withResponse()
    expect(data.output_text).toMatch(/Another service made it/)
    expect(response.headers.get("x-advisory-parameters")).toBe("input.compaction.encrypted_content")
  })

  it("refuses what this service cannot have compacted", async () => {
    const input = [
      { type: "compaction", encrypted_content: "aap1.not base64!" },
      { role: "user", content: "go on" },
    ] as ResponseInput
    await expect(service.client.responses.create({ model: "manager", input })).rejects.toMatchObject({
      status: 400,
      param: "input[0].encrypted_content",
    })
  })

  it("serves the compaction session of the agents library", async () => {
    const session = new OpenAIResponsesCompactionSession({
      client: service.client,
      model: "gpt-5.5",
      underlyingSession: new MemorySession(),
      compactionMode: "input",
    })
    const agent = new Agent({ name: "Worker", model: new OpenAIResponsesModel(service.client, "manager") })
    await run(agent, "[[say:one]] first", { session })
    await session.runCompaction({ force: true })
    expect((await session.getItems()).map((item) => item.type)).toEqual(["message", "compaction"])
    const last = await run(agent, "[[say:three]] third", { session })
    expect(last.finalOutput).toBe("three")
    expect(told().filter(({ text }) => text.startsWith("Summary of"))).toHaveLength(1)
  })
})

it("a summary that does not come in time is an error, and official clients do not ask for it again", async () => {
  const service = await startTestService({ limits: { turnMs: 1 } })
  try {
    const answer = await service.fetch(`${service.url}/v1/responses/compact`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "manager", input: "x" }),
    })
    expect(answer.status).toBe(504)
    expect(answer.headers.get("x-should-retry")).toBe("false")
    expect(await answer.json()).toMatchObject({ error: { code: "turn_timeout" } })
  } finally {
    await service.stop()
  }
})
