import { Agent, OpenAIConversationsSession, OpenAIProvider, Runner, tool } from "@openai/agents"
import type OpenAI from "openai"
import type { ConversationItem } from "openai/resources/conversations/items"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { conversationOf, toolOutputsOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService
let client: OpenAI
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
  connect()
})
afterAll(() => service.stop())
beforeEach(() => service.model.clearRequests())

function connect(): void {
  client = service.clientWith({ apiKey: "key-ann" })
  bob = service.clientWith({ apiKey: "key-bob" })
}

function user(content: string) {
  return { type: "message" as const, role: "user" as const, content }
}

function said(content: string) {
  return { type: "message" as const, role: "assistant" as const, content }
}

/** What the model was given in its newest request. */
function lastConversation(): string[] {
  const request = service.model.requests.at(-1)
  if (request === undefined) throw new Error("the model server got no request")
  return conversationOf(request).map((message) => message.text)
}

function threadsAsked(): number {
  return new Set(service.model.requests.map((request) => request.headers["thread-id"])).size
}

function textOf(item: ConversationItem): string {
  if (item.type !== "message") return `[${item.type}]`
  return item.content.map((part) => ("text" in part ? part.text : "")).join("")
}

async function textsIn(conversation: string): Promise<string[]> {
  const texts: string[] = []
  for await (const item of client.conversations.items.list(conversation, { order: "asc", limit: 2 })) {
    texts.push(textOf(item))
  }
  return texts
}

function ask(conversation: string, input: string | undefined, fields: object = {}) {
  return client.responses.create({
    model: "manager",
    conversation,
    ...(input === undefined ? {} : { input }),
    ...fields,
  })
}

describe("a conversation", () => {
  it("is created, read, changed and deleted, and then it is a 404", async () => {
    const created = await client.conversations.create({ metadata: { topic: "tea" } })
    expect(created).toMatchObject({ object: "conversation", metadata: { topic: "tea" } })
    expect(created.id).toMatch(/^conv_[0-9a-f]{32}$/)
    expect(await client.conversations.retrieve(created.id)).toEqual(created)
    const updated = await client.conversations.update(created.id, { metadata: { mood: "calm" } })
    expect(updated).toEqual({ ...created, metadata: { mood: "calm" } })
    expect(await client.conversations.delete(created.id)).toEqual({
      id: created.id,
      object: "conversation.deleted",
      deleted: true,
    })
    await expect(client.conversations.retrieve(created.id)).rejects.toMatchObject({ status: 404 })
    await expect(client.conversations.delete(created.id)).rejects.toMatchObject({ status: 404 })
    expect((await client.conversations.create()).metadata).toEqual({})
  })

  it("holds metadata within the API's bounds", async () => {
    const pairs = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`key${index}`, "x"]))
    await expect(client.conversations.create({ metadata: pairs })).rejects.toMatchObject({
      status: 400,
      param: "metadata",
    })
    const { id } = await client.conversations.create()
    await expect(
      client.conversations.update(id, { metadata: { long: "x".repeat(513) } }),
    ).rejects.toMatchObject({ status: 400, param: "metadata.long" })
    await expect(client.post(`/conversations/${id}`, { body: {} })).rejects.toMatchObject({
      status: 400,
      param: "metadata",
    })
  })

  it("of another key is a 404 in everything", async () => {
    const { id } = await client.conversations.create({ items: [user("secret")] })
    const [item] = (await client.conversations.items.list(id)).data
    const itemId = item?.id ?? ""
    const denied = { status: 404, code: "conversation_not_found" }
    await expect(bob.conversations.retrieve(id)).rejects.toMatchObject(denied)
    await expect(bob.conversations.update(id, { metadata: {} })).rejects.toMatchObject(denied)
    await expect(bob.conversations.delete(id)).rejects.toMatchObject(denied)
    await expect(bob.conversations.items.list(id)).rejects.toMatchObject(denied)
    await expect(bob.conversations.items.create(id, { items: [user("x")] })).rejects.toMatchObject(denied)
    const ofItem = { conversation_id: id }
    await expect(bob.conversations.items.retrieve(itemId, ofItem)).rejects.toMatchObject(denied)
    await expect(bob.conversations.items.delete(itemId, ofItem)).rejects.toMatchObject(denied)
    await expect(
      bob.responses.create({ model: "manager", conversation: id, input: "hi" }),
    ).rejects.toMatchObject({ ...denied, param: "conversation" })
    expect(await textsIn(id)).toEqual(["secret"])
  })
})

describe("the items of a conversation", () => {
  it("may be another server's; what of them is told to no agent is named", async () => {
    const items = [
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "secret" },
      { type: "shell_call", call_id: "c", action: { commands: ["ls"] } },
      { type: "shell_call_output", call_id: "c", output: [{ stdout: "boats" }] },
    ]
    const { data, response } = await client.conversations.create({ items: items as never }).withResponse()
    expect(response.headers.get("x-advisory-parameters")).toBe("items.reasoning.encrypted_content")
    const added = await client.conversations.items.create(data.id, { items: items as never }).withResponse()
    expect(added.response.headers.get("x-advisory-parameters")).toBe("items.reasoning.encrypted_content")
    expect(added.data.data.map(({ type }) => type)).toEqual([
      "reasoning",
      "function_call",
      "function_call_output",
    ])
  })

  it("come with it, up to 20, and in pages", async () => {
    const items = Array.from({ length: 20 }, (_, index) => user(`item ${index}`))
    const { id } = await client.conversations.create({ items })
    expect(await textsIn(id)).toEqual(items.map((item) => item.content))
    const newest = await client.conversations.items.list(id, { limit: 3 })
    expect(newest.data.map(textOf)).toEqual(["item 19", "item 18", "item 17"])
    // The client's page object leaves out what it does not need itself.
    expect(await client.get(`/conversations/${id}/items`, { query: { limit: 3 } })).toEqual({
      object: "list",
      data: newest.data,
      has_more: true,
      first_id: newest.data[0]?.id,
      last_id: newest.data[2]?.id,
    })
    const rest = await client.conversations.items.list(id, { limit: 100, after: newest.last_id })
    expect(rest.data.map(textOf)).toEqual(
      items
        .slice(0, 17)
        .map((item) => item.content)
        .reverse(),
    )
    expect(rest.has_more).toBe(false)
    await expect(
      client.conversations.create({ items: [...items, user("one too many")] }),
    ).rejects.toMatchObject({ status: 400, param: "items" })
    await expect(client.conversations.items.list(id, { limit: 101 })).rejects.toMatchObject({
      status: 400,
      param: "limit",
    })
    const { id: empty } = await client.conversations.create()
    expect(await client.get(`/conversations/${empty}/items`)).toMatchObject({ data: [], has_more: false })
    await expect(client.conversations.items.list(id, { after: "msg_none" })).rejects.toMatchObject({
      status: 400,
      param: "after",
    })
  })

  it("are added, read and deleted one by one; a deleted one is still a cursor", async () => {
    const { id } = await client.conversations.create({ items: [user("a")] })
    const added = await client.conversations.items.create(id, { items: [said("b"), user("c")] })
    expect(added.data.map(textOf)).toEqual(["b", "c"])
    expect(added).toMatchObject({ has_more: false, first_id: added.data[0]?.id, last_id: added.data[1]?.id })
    const b = added.first_id
    expect(await client.conversations.items.retrieve(b, { conversation_id: id })).toEqual(added.data[0])
    expect(await client.conversations.items.delete(b, { conversation_id: id })).toEqual(
      await client.conversations.retrieve(id),
    )
    const gone = { status: 404, code: "item_not_found" }
    await expect(client.conversations.items.delete(b, { conversation_id: id })).rejects.toMatchObject(gone)
    await expect(client.conversations.items.retrieve(b, { conversation_id: id })).rejects.toMatchObject(gone)
    expect(await textsIn(id)).toEqual(["a", "c"])
    const behind = await client.conversations.items.list(id, { order: "asc", after: b })
    expect(behind.data.map(textOf)).toEqual(["c"])
  })

  it("that are none are refused by name", async () => {
    const { id } = await client.conversations.create()
    await expect(
      client.post(`/conversations/${id}/items`, { body: { items: [user("ok"), { type: "odd" }] } }),
    ).rejects.toMatchObject({ status: 400, param: "items[1].type" })
    await expect(client.post(`/conversations/${id}/items`, { body: {} })).rejects.toMatchObject({
      status: 400,
      param: "items",
    })
  })
})

describe("a response in a conversation", () => {
  it("goes on in one thread: the model sees each message once, in order, and so do the items", async () => {
    const { id } = await client.conversations.create()
    const first = await ask(id, "[[say:a]] one")
    await client.responses.create({ model: "manager", conversation: { id }, input: "[[say:b]] two" })
    const stream = client.responses.stream({ model: "manager", conversation: id, input: "[[say:c]] three" })
    const third = await stream.finalResponse()
    expect(lastConversation()).toEqual(["[[say:a]] one", "a", "[[say:b]] two", "b", "[[say:c]] three"])
    expect(threadsAsked()).toBe(1)
    expect(first.conversation).toEqual({ id })
    expect(third.conversation).toEqual({ id })
    expect((await client.responses.retrieve(third.id)).conversation).toEqual({ id })
    expect(await textsIn(id)).toEqual(["[[say:a]] one", "a", "[[say:b]] two", "b", "[[say:c]] three", "c"])
    const newest = (await client.conversations.items.list(id, { limit: 1 })).data[0]
    expect(newest?.id).toBe(third.output.at(-1)?.id)
  })

  it("shows what the agent did among the items", async () => {
    const { id } = await client.conversations.create()
    const response = await ask(id, "[[reason:I think]][[commentary:I look]][[shell:echo x]][[say:done]]")
    const items = (await client.conversations.items.list(id, { order: "asc" })).data
    expect(items.slice(1)).toEqual(response.output)
    expect(items.map((item) => item.type)).toContain("mcp_call")
  })

  it("knows items that were added since, and not those that were deleted", async () => {
    const { id } = await client.conversations.create({ items: [user("my name is Ann"), said("Hello Ann")] })
    await ask(id, "[[say:a]] one")
    expect(lastConversation()).toEqual(["my name is Ann", "Hello Ann", "[[say:a]] one"])
    await ask(id, "[[say:b]] two")
    expect(threadsAsked()).toBe(1)
    await client.conversations.items.create(id, { items: [user("added"), said("noted")] })
    const items = (await client.conversations.items.list(id, { order: "asc" })).data
    await client.conversations.items.delete(items[1]?.id ?? "", { conversation_id: id })
    await ask(id, "[[say:c]] three")
    const all = ["my name is Ann", "[[say:a]] one", "a", "[[say:b]] two", "b", "added", "noted"]
    expect(lastConversation()).toEqual([...all, "[[say:c]] three"])
    expect(threadsAsked()).toBe(2)
    await ask(id, "[[say:d]] four")
    expect(lastConversation()).toEqual([...all, "[[say:c]] three", "c", "[[say:d]] four"])
    expect(threadsAsked()).toBe(2)
    expect(await textsIn(id)).toEqual([...all, "[[say:c]] three", "c", "[[say:d]] four", "d"])
  })

  it("answers what the conversation holds already when there is no input", async () => {
    const { id } = await client.conversations.create({ items: [user("[[say:hello]] hi")] })
    expect((await ask(id, undefined)).output_text).toBe("hello")
    expect(lastConversation()).toEqual(["[[say:hello]] hi"])
    expect(await textsIn(id)).toEqual(["[[say:hello]] hi", "hello"])
    // The newest message of the user's is the same, and so is what the model says.
    expect((await ask(id, undefined)).output_text).toBe("hello")
    expect(await textsIn(id)).toEqual(["[[say:hello]] hi", "hello", "hello"])
  })

  it("goes on after a restart", async () => {
    const { id } = await client.conversations.create({ metadata: { kept: "yes" } })
    await ask(id, "[[say:a]] one")
    await service.restart()
    connect()
    service.model.clearRequests()
    await ask(id, "[[say:b]] two")
    expect(lastConversation()).toEqual(["[[say:a]] one", "a", "[[say:b]] two"])
    expect((await client.conversations.retrieve(id)).metadata).toEqual({ kept: "yes" })
    expect(await textsIn(id)).toEqual(["[[say:a]] one", "a", "[[say:b]] two", "b"])
  })

  it("is refused beside a previous response, and for a conversation that is not there", async () => {
    const { id } = await client.conversations.create()
    const first = await ask(id, "[[say:a]] one")
    await expect(ask(id, "x", { previous_response_id: first.id })).rejects.toMatchObject({
      status: 400,
      param: "conversation",
    })
    await expect(ask("conv_none", "x")).rejects.toMatchObject({ status: 404, param: "conversation" })
    await expect(ask("", "x")).rejects.toMatchObject({ status: 400, param: "conversation" })
  })

  it("without store cannot be retrieved, and stays in the conversation all the same", async () => {
    const { id } = await client.conversations.create()
    const first = await ask(id, "[[say:a]] one", { store: false })
    await expect(client.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 })
    await ask(id, "[[say:b]] two", { store: false })
    expect(lastConversation()).toEqual(["[[say:a]] one", "a", "[[say:b]] two"])
    expect(await textsIn(id)).toEqual(["[[say:a]] one", "a", "[[say:b]] two", "b"])
  })

  it("that branches off by its own id leaves the conversation as it is", async () => {
    const { id } = await client.conversations.create()
    const first = await ask(id, "[[say:a]] one")
    await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: "[[say:x]] aside",
    })
    await ask(id, "[[say:b]] two")
    expect(lastConversation()).toEqual(["[[say:a]] one", "a", "[[say:b]] two"])
    expect(await textsIn(id)).toEqual(["[[say:a]] one", "a", "[[say:b]] two", "b"])
  })

  it("that fails leaves the conversation usable", async () => {
    const { id } = await client.conversations.create()
    await ask(id, "[[say:a]] one")
    await expect(ask(id, "[[failed:server_error]] two")).rejects.toMatchObject({ status: 502 })
    expect((await ask(id, "[[say:c]] three")).output_text).toBe("c")
    expect(await textsIn(id)).toEqual([
      "[[say:a]] one",
      "a",
      "[[failed:server_error]] two",
      "[[say:c]] three",
      "c",
    ])
  })

  it("adds nothing to a conversation that was deleted meanwhile", async () => {
    const { id } = await client.conversations.create()
    const running = ask(id, "[[slow:5:60]] one")
    await waitFor(() => service.model.requests.length > 0, { what: "the model to be asked" })
    await client.conversations.delete(id)
    const response = await running
    expect(response.status).toBe("completed")
    expect((await client.responses.retrieve(response.id)).output_text).toBe("1 2 3 4 5")
    await expect(client.conversations.items.list(id)).rejects.toMatchObject({ status: 404 })
  })
})

describe("requests on one conversation at once", () => {
  it("take turns, also when they differ in their instructions", async () => {
    const { id } = await client.conversations.create()
    const first = ask(id, "[[slow:4:60]] one")
    await waitFor(() => service.model.requests.length > 0, { what: "the model to be asked" })
    await Promise.all([
      first,
      ask(id, "[[say:b]] two"),
      ask(id, "[[say:c]] three", { instructions: "Speak like a poet." }),
      ask(id, "[[say:d]] four"),
    ])
    const texts = await textsIn(id)
    expect(texts.slice(0, 2)).toEqual(["[[slow:4:60]] one", "1 2 3 4"])
    expect(texts.slice(2).toSorted()).toEqual(
      ["[[say:b]] two", "[[say:c]] three", "[[say:d]] four", "b", "c", "d"].toSorted(),
    )
    // The newest of the model's requests has all that came before it, each once and in the order of the items.
    expect(lastConversation()).toEqual(texts.slice(0, -1))
  })

  it("wait for the items of the turn that runs when a new thread has to be given all of them", async () => {
    const { id } = await client.conversations.create()
    const first = ask(id, "[[slow:4:60]] one")
    await waitFor(() => service.model.requests.length > 0, { what: "the model to be asked" })
    await client.conversations.items.create(id, { items: [user("meanwhile"), said("noted")] })
    await Promise.all([first, ask(id, "[[say:b]] two")])
    expect(lastConversation()).toEqual([
      "[[slow:4:60]] one",
      "meanwhile",
      "noted",
      "1 2 3 4",
      "[[say:b]] two",
    ])
  })
})

describe("functions in a conversation", () => {
  const tools = [
    {
      type: "function" as const,
      name: "get_weather",
      description: "Weather",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      strict: false,
    },
  ]
  const oneCall = '[[tool:get_weather:{"city":"Oslo"}]][[say:done]]'

  function callIdOf(response: OpenAI.Responses.Response): string {
    const call = response.output.find((item) => item.type === "function_call")
    if (call === undefined) throw new Error("the agent called no function")
    return call.call_id
  }

  function output(callId: string) {
    return { type: "function_call_output" as const, call_id: callId, output: "21 degrees" }
  }

  function seenOutputs(): string[] {
    const request = service.model.requests.at(-1)
    return request === undefined ? [] : toolOutputsOf(request).map(({ text }) => text)
  }

  it("are answered in the same native turn", async () => {
    const { id } = await client.conversations.create()
    const first = await ask(id, oneCall, { tools })
    const second = await client.responses.create({
      model: "manager",
      conversation: id,
      tools,
      input: [output(callIdOf(first))],
    })
    expect(second.output_text).toBe("done")
    expect(service.model.requests).toHaveLength(2)
    expect(threadsAsked()).toBe(1)
    const items = (await client.conversations.items.list(id, { order: "asc" })).data
    expect(items.map((item) => item.type)).toEqual([
      "message",
      "function_call",
      "function_call_output",
      "message",
    ])
  })

  it("are answered after a restart, or by an item that was added", async () => {
    const { id } = await client.conversations.create()
    const first = await ask(id, oneCall, { tools })
    await service.restart()
    connect()
    const second = await client.responses.create({
      model: "manager",
      conversation: id,
      tools,
      input: [output(callIdOf(first))],
    })
    expect(second.output_text).toBe("done")
    expect(seenOutputs().join()).toContain("21 degrees")
    const third = await ask(id, `${oneCall} again`, { tools })
    await client.conversations.items.create(id, { items: [output(callIdOf(third))] })
    expect((await ask(id, "[[say:thanks]]", { tools })).output_text).toBe("thanks")
    expect(seenOutputs()).toHaveLength(2)
  })

  it("want their outputs, and outputs their calls", async () => {
    const { id } = await client.conversations.create()
    const first = await ask(id, oneCall, { tools })
    await expect(ask(id, "never mind", { tools })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(callIdOf(first)),
    })
    await expect(
      client.responses.create({ model: "manager", conversation: id, tools, input: [output("call_other")] }),
    ).rejects.toMatchObject({ status: 400, message: expect.stringContaining("call_other") })
    await client.conversations.items.create(id, { items: [output(callIdOf(first))] })
    const call = (await client.conversations.items.list(id, { order: "asc" })).data[1]
    await client.conversations.items.delete(call?.id ?? "", { conversation_id: id })
    await expect(ask(id, "go on", { tools })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(callIdOf(first)),
    })
  })
})

describe("the Agents SDK", () => {
  function runner(): Runner {
    return new Runner({
      modelProvider: new OpenAIProvider({ openAIClient: client, useResponses: true }),
      tracingDisabled: true,
    })
  }

  const weather = tool({
    name: "get_weather",
    description: "Weather",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
    strict: true,
    execute: () => "21 degrees",
  })

  it("runs in a conversation that it names, with its functions", async () => {
    const { id } = await client.conversations.create()
    const agent = new Agent({ name: "Assistant", model: "manager", tools: [weather] })
    const options = { conversationId: id }
    const first = await runner().run(agent, '[[tool:get_weather:{"city":"Oslo"}]][[say:mild]] one', options)
    expect(first.finalOutput).toBe("mild")
    const second = await runner().run(agent, "[[say:b]] two", options)
    expect(second.finalOutput).toBe("b")
    expect(lastConversation()).toEqual([
      '[[tool:get_weather:{"city":"Oslo"}]][[say:mild]] one',
      "mild",
      "[[say:b]] two",
    ])
    expect(threadsAsked()).toBe(1)
    expect(await textsIn(id)).toEqual([
      '[[tool:get_weather:{"city":"Oslo"}]][[say:mild]] one',
      "[function_call]",
      "[function_call_output]",
      "mild",
      "[[say:b]] two",
      "b",
    ])
  })

  it("keeps its session in a conversation", async () => {
    const session = new OpenAIConversationsSession({ client })
    const agent = new Agent({ name: "Assistant", model: "manager", tools: [weather] })
    const question = '[[tool:get_weather:{"city":"Oslo"}]][[say:mild]] one'
    expect((await runner().run(agent, question, { session })).finalOutput).toBe("mild")
    expect((await runner().run(agent, "[[say:b]] two", { session })).finalOutput).toBe("b")
    expect(lastConversation()).toEqual([question, "mild", "[[say:b]] two"])
    expect(threadsAsked()).toBe(1)
    const kept = [question, "[function_call]", "[function_call_output]", "mild", "[[say:b]] two", "b"]
    const id = await session.getSessionId()
    expect(await textsIn(id)).toEqual(kept)
    await session.popItem()
    expect(await textsIn(id)).toEqual(kept.slice(0, -1))
    await session.clearSession()
    await expect(client.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 })
  })
})
