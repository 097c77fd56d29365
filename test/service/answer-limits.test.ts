import { rmSync } from "node:fs"
import { join } from "node:path"
import type OpenAI from "openai"
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { developerTextOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

/** An answer of twenty seconds: a turn that is not interrupted runs into the time limit of its test. */
const long = "[[slow:1000:20]]"

describe("limits on the answer over codex", () => {
  let service: TestService
  let client: OpenAI

  beforeAll(async () => {
    service = await startTestService()
    client = service.client
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  const chat = (messages: ChatCompletionMessageParam[], fields: object) =>
    client.chat.completions.create({ model: "manager", messages, ...fields })
  const user = (content: string): ChatCompletionMessageParam => ({ role: "user", content })

  function threadIds(): Set<unknown> {
    return new Set(service.model.requests.map((request) => request.headers["thread-id"]))
  }

  function developerText(): string {
    return service.model.requests.map(developerTextOf).join("\n")
  }

  it("end a chat answer before a stop text, streamed and whole alike", async () => {
    const fields = { stop: ["9 10", "7 8"] }
    const whole = await chat([user(long)], fields)
    expect(whole.choices[0]).toMatchObject({
      message: { content: "1 2 3 4 5 6 " },
      finish_reason: "stop",
    })
    const stream = client.chat.completions.stream({ model: "manager", messages: [user(long)], ...fields })
    let text = ""
    stream.on("content", (delta) => {
      text += delta
    })
    const streamed = await stream.finalChatCompletion()
    expect(text).toBe("1 2 3 4 5 6 ")
    expect(streamed.choices[0]).toMatchObject({ message: { content: text }, finish_reason: "stop" })
  })

  it("count what was cut: chat and Responses, whole and streamed, in a first turn and in a later one", async () => {
    const worth = (usage: { input: number; output: number } | undefined) => {
      // The model server tells the tokens of an answer at its end, which never came.
      expect(usage?.output).toBe(3)
      expect(usage?.input).toBeGreaterThan(0)
      expect(usage?.input).toBeLessThan(1_000)
    }
    const fields = { stop: ["7 8"] }
    const whole = await chat([user(long)], fields)
    worth({ input: whole.usage?.prompt_tokens ?? 0, output: whole.usage?.completion_tokens ?? 0 })
    const options = { stream_options: { include_usage: true } }
    const stream = client.chat.completions.stream({
      model: "manager",
      messages: [user(`${long} streamed`)],
      ...fields,
      ...options,
    })
    const usage = await stream.totalUsage()
    worth({ input: usage.prompt_tokens, output: usage.completion_tokens })
    const first = await client.responses.create({ model: "manager", input: "[[usage:500:0:60]] hello" })
    expect(first.usage).toMatchObject({ input_tokens: 500, output_tokens: 60 })
    const cut = await client.responses.create({
      model: "manager",
      input: long,
      max_output_tokens: 3,
      previous_response_id: first.id,
    })
    // Not that of the turn before, which codex tells again at an interrupt.
    worth({ input: cut.usage?.input_tokens ?? 0, output: cut.usage?.output_tokens ?? 0 })
    const after = await client.responses.create({
      model: "manager",
      input: "[[usage:700:0:70]] hello",
      previous_response_id: cut.id,
    })
    expect(after.usage).toMatchObject({ input_tokens: 700, output_tokens: 70 })
  })

  it("do nothing to an answer that stays within them", async () => {
    const answer = await chat([user("[[say:short]]")], { stop: "END", max_tokens: 100 })
    expect(answer.choices[0]).toMatchObject({ message: { content: "short" }, finish_reason: "stop" })
  })

  it.each(["max_tokens", "max_completion_tokens"])("cut a chat answer by %s", async (name) => {
    const answer = await chat([user(long)], { [name]: 3 })
    expect(answer.choices[0]).toMatchObject({
      message: { content: "1 2 3 4 5 6 " },
      finish_reason: "length",
    })
  })

  it("cut a response by max_output_tokens: incomplete, with the reason, the same when it is read again", async () => {
    const response = await client.responses.create({ model: "manager", input: long, max_output_tokens: 3 })
    expect(response).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      max_output_tokens: 3,
      output_text: "1 2 3 4 5 6 ",
      error: null,
    })
    expect(response.output.at(-1)).toMatchObject({ type: "message", status: "incomplete" })
    const { output_text: _, ...stored } = await client.responses.retrieve(response.id)
    expect(response).toMatchObject(stored)
    const stream = await client.responses.create({
      model: "manager",
      input: long,
      max_output_tokens: 3,
      stream: true,
    })
    const types: string[] = []
    let text = ""
    for await (const event of stream) {
      types.push(event.type)
      if (event.type === "response.output_text.delta") text += event.delta
    }
    expect(text).toBe("1 2 3 4 5 6 ")
    expect(types.slice(-4)).toEqual([
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.incomplete",
    ])
  })

  it("leave a thread that goes on from what the client has seen", async () => {
    const first = await client.responses.create({ model: "manager", input: long, max_output_tokens: 3 })
    const ask = (input: string, previous: { readonly id: string }) =>
      client.responses.create({ model: "manager", input, previous_response_id: previous.id })
    const second = await ask("[[say:on]]", first)
    expect(second.output_text).toBe("on")
    expect(threadIds().size).toBe(1)
    expect(developerText()).toContain("exactly this:\n\n1 2 3 4 5 6 ")
    // Told once: the thread holds it from then on.
    service.model.clearRequests()
    await ask("[[say:further]]", second)
    expect(developerText().split("exactly this:")).toHaveLength(2)
    // A branch from there is told as well.
    service.model.clearRequests()
    const branch = await ask("[[say:aside]]", first)
    expect(branch.output_text).toBe("aside")
    expect(developerText()).toContain("exactly this:\n\n1 2 3 4 5 6 ")
  })

  it("are remembered after a restart", async () => {
    const first = await client.responses.create({ model: "manager", input: long, max_output_tokens: 3 })
    await service.restart()
    client = service.client
    service.model.clearRequests()
    const second = await client.responses.create({
      model: "manager",
      input: "[[say:on]]",
      previous_response_id: first.id,
    })
    expect(second.output_text).toBe("on")
    expect(developerText()).toContain("exactly this:\n\n1 2 3 4 5 6 ")
  })

  it("are remembered when the CLI has lost the thread: it is seeded with what the client has", async () => {
    const input = `[[shell:echo did-it]][[then]]${long}`
    const first = await client.responses.create({ model: "manager", input, max_output_tokens: 3 })
    rmSync(join(service.codex.home, "sessions"), { recursive: true })
    await service.restart()
    client = service.client
    service.model.clearRequests()
    const second = await client.responses.create({
      model: "manager",
      input: "[[history]]",
      previous_response_id: first.id,
    })
    expect(JSON.parse(second.output_text)).toContainEqual({ role: "assistant", text: "1 2 3 4 5 6 " })
    expect(developerText()).not.toContain("exactly this:")
    expect(JSON.stringify(service.model.requests[0]?.body.input)).toContain("did-it")
  })

  it("leave a conversation that is recognised by the text that the client has and sends again", async () => {
    const first = await chat([user(long)], { stop: "7 8" })
    const content = first.choices[0]?.message.content ?? ""
    const second = await chat([user(long), { role: "assistant", content }, user("[[say:on]]")], {})
    expect(second.choices[0]?.message.content).toBe("on")
    expect(threadIds().size).toBe(1)
  })

  it("count and search the answer only, and no call of a function comes after its end", async () => {
    const tools = [{ type: "function" as const, function: { name: "look", parameters: { type: "object" } } }]
    const answer = await chat([user("[[commentary:7 8]][[say:one 7 8 two]][[tool:look:{}]]")], {
      stop: "7 8",
      tools,
    })
    expect(answer.choices[0]).toMatchObject({
      message: { content: "one ", reasoning_content: "7 8" },
      finish_reason: "stop",
    })
    expect(answer.choices[0]?.message.tool_calls).toBeUndefined()
  })

  it("cut structured answers as the API does: incomplete by length, a failure by a stop text", async () => {
    const format = { response_format: { type: "json_object" } }
    const cut = await chat([user('[[say:{"answer":"yes"}]]')], { ...format, max_tokens: 2 })
    expect(cut.choices[0]).toMatchObject({ message: { content: '{"answer' }, finish_reason: "length" })
    await expect(chat([user('[[say:{"answer":"yes"}]]')], { ...format, stop: "yes" })).rejects.toMatchObject({
      status: 400,
      code: "answer_format_mismatch",
    })
  })
})

describe("limits on the answer over the demo agent", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService({ cli: "/nonexistent/codex", demoFallback: true })
  })
  afterAll(() => service.stop())

  it("hold, and the thread goes on", async () => {
    const { client } = service
    const first = await client.responses.create({
      model: "manager",
      input: "count to 1000",
      max_output_tokens: 3,
    })
    expect(first).toMatchObject({ status: "incomplete", output_text: "1 2 3 4 5 6 " })
    const second = await client.responses.create({
      model: "manager",
      input: "list what I said",
      previous_response_id: first.id,
    })
    expect(second.output_text).toBe("1. count to 1000\n2. list what I said")
    // All of it in one piece with the end of the turn.
    const atOnce = await client.responses.create({
      model: "manager",
      input: "say 123456789",
      max_output_tokens: 2,
    })
    expect(atOnce).toMatchObject({ status: "incomplete", output_text: "12345678" })
    const stopped = await client.chat.completions.create({
      model: "manager",
      messages: [{ role: "user", content: "count to 1000" }],
      stop: " 4",
    })
    expect(stopped.choices[0]).toMatchObject({ message: { content: "1 2 3" }, finish_reason: "stop" })
  })
})
