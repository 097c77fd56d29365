import type OpenAI from "openai"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"

let service: TestService
let ann: OpenAI
let bob: OpenAI

beforeAll(async () => {
  service = await startTestService({
    config: {
      apiKeys: new Map([
        ["ann", "key-ann"],
        ["bob", "key-bob"],
      ]),
    },
  })
  ann = service.clientWith({ apiKey: "key-ann" })
  bob = service.clientWith({ apiKey: "key-bob" })
})
afterAll(() => service.stop())

function ask(content: string, fields: object = {}) {
  return ann.chat.completions.create({
    model: "manager",
    store: true,
    messages: [{ role: "user", content }],
    ...fields,
  } as OpenAI.ChatCompletionCreateParamsNonStreaming)
}

describe("a stored chat completion", () => {
  it("is retrieved as it was created, changed in its metadata, and deleted once", async () => {
    const created = await ask("[[say:hello]] hi", { metadata: { topic: "tea" } })
    expect(await ann.chat.completions.retrieve(created.id)).toEqual(created)
    const updated = await ann.chat.completions.update(created.id, { metadata: { mood: "calm" } })
    expect(updated).toEqual({ ...created, metadata: { mood: "calm" } })
    expect(await ann.chat.completions.retrieve(created.id)).toEqual(updated)
    expect(await ann.chat.completions.delete(created.id)).toEqual({
      id: created.id,
      object: "chat.completion.deleted",
      deleted: true,
    })
    await expect(ann.chat.completions.retrieve(created.id)).rejects.toMatchObject({ status: 404 })
    await expect(ann.chat.completions.delete(created.id)).rejects.toMatchObject({ status: 404 })
  })

  it("is another key's nothing, and one without store nobody's", async () => {
    const created = await ask("[[say:hello]] hi")
    const id = created.id
    await expect(bob.chat.completions.retrieve(id)).rejects.toMatchObject({ status: 404 })
    await expect(bob.chat.completions.messages.list(id)).rejects.toMatchObject({ status: 404 })
    await expect(bob.chat.completions.update(id, { metadata: {} })).rejects.toMatchObject({ status: 404 })
    await expect(bob.chat.completions.delete(id)).rejects.toMatchObject({ status: 404 })
    expect((await bob.chat.completions.list()).data).toEqual([])
    const unstored = await ask("[[say:hello]] hi", { store: undefined })
    await expect(ann.chat.completions.retrieve(unstored.id)).rejects.toMatchObject({ status: 404 })
    const response = await ann.responses.create({ model: "manager", input: "[[say:x]]" })
    await expect(ann.chat.completions.retrieve(response.id)).rejects.toMatchObject({ status: 404 })
  })

  it("that failed is none", async () => {
    const before = (await ann.chat.completions.list({ limit: 100 })).data.length
    await expect(ask("[[failed:server_error]]")).rejects.toMatchObject({ status: 502 })
    expect((await ann.chat.completions.list({ limit: 100 })).data).toHaveLength(before)
  })

  it("is listed oldest first, in pages, by model and by metadata", async () => {
    const made: string[] = []
    for (const kind of ["odd", "even", "odd", "even", "odd"]) {
      made.push((await ask("[[say:x]]", { metadata: { list: "mine", kind } })).id)
    }
    const idsOf = async (query: OpenAI.ChatCompletionListParams) => {
      const ids: string[] = []
      for await (const completion of ann.chat.completions.list(query)) ids.push(completion.id)
      return ids
    }
    const mine = { metadata: { list: "mine" } }
    expect(await idsOf({ limit: 2, ...mine })).toEqual(made)
    expect(await idsOf({ limit: 2, order: "desc", ...mine })).toEqual(made.toReversed())
    expect(await idsOf({ metadata: { list: "mine", kind: "even" } })).toEqual([made[1], made[3]])
    expect(await idsOf({ metadata: { list: "other" } })).toEqual([])
    expect(await idsOf({ model: "manager", ...mine })).toEqual(made)
    expect(await idsOf({ model: "engineer_alice", ...mine })).toEqual([])
    const page = await ann.get("/chat/completions", { query: { limit: 2, "metadata[list]": "mine" } })
    expect(page).toMatchObject({ object: "list", has_more: true, first_id: made[0], last_id: made[1] })
    await ann.chat.completions.delete(made[1] ?? "")
    expect(await idsOf({ after: made[1] ?? "", ...mine })).toEqual(made.slice(2))
    await expect(ann.chat.completions.list({ after: "chatcmpl-none" })).rejects.toMatchObject({
      status: 400,
      param: "after",
    })
  })

  it("tells the messages that it was asked with, in pages", async () => {
    const image = "data:image/png;base64,iVBORw0KGgo="
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "[[shell:echo by-itself]][[say:a]] one" },
      { role: "assistant", content: "a" },
      {
        role: "user",
        content: [
          { type: "text", text: "[[say:b]] two" },
          { type: "image_url", image_url: { url: image } },
        ],
      },
    ]
    await ask("", { messages: messages.slice(0, 2) })
    const { id } = await ask("", { messages })
    const listed = (await ann.chat.completions.messages.list(id)).data
    expect(listed).toMatchObject([
      { id: `${id}-0`, role: "system", content: "Be brief." },
      { id: `${id}-1`, role: "user", content: "[[shell:echo by-itself]][[say:a]] one" },
      { id: `${id}-2`, role: "assistant", content: "a" },
      {
        id: `${id}-3`,
        role: "user",
        content: "[[say:b]] two",
        content_parts: [
          { type: "text", text: "[[say:b]] two" },
          { type: "image_url", image_url: { url: image } },
        ],
      },
    ])
    const ids: string[] = []
    for await (const message of ann.chat.completions.messages.list(id, { limit: 3, order: "desc" })) {
      ids.push(message.id)
    }
    expect(ids).toEqual([3, 2, 1, 0].map((index) => `${id}-${index}`))
  })

  it("tells calls and their results as messages", async () => {
    const tools = [
      { type: "function", function: { name: "get_weather", parameters: { type: "object", properties: {} } } },
    ]
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: "user", content: "[[tool:get_weather:{}]][[say:done]]" },
    ]
    const first = await ask("", { messages, tools })
    const message = first.choices[0]?.message
    const callId = message?.tool_calls?.[0]?.id ?? ""
    if (message !== undefined) messages.push(message)
    messages.push({ role: "tool", tool_call_id: callId, content: "rain" })
    const second = await ask("", { messages, tools })
    expect(second.choices[0]?.message.content).toBe("done")
    expect((await ann.chat.completions.messages.list(second.id)).data).toMatchObject([
      { role: "user" },
      { role: "assistant", content: null, tool_calls: [{ id: callId, function: { name: "get_weather" } }] },
      { role: "tool", tool_call_id: callId, content: "rain" },
    ])
  })
})
