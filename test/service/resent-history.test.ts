import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { conversationOf, toolOutputsOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService

beforeAll(async () => {
  service = await startTestService({ config: { sessionHeaders: ["x-session-id", "x-openwebui-chat-id"] } })
})
afterAll(() => service.stop())
beforeEach(() => service.model.clearRequests())

interface Message {
  readonly role: "system" | "user" | "assistant"
  readonly content: string
}

type Ask = (
  messages: readonly Message[],
  headers?: Record<string, string>,
  more?: Readonly<Record<string, unknown>>,
) => Promise<string>

const inChat: Ask = async (messages, headers = {}, more = {}) => {
  const client = service.clientWith({ headers })
  const answer = await client.chat.completions.create({ model: "manager", messages: [...messages], ...more })
  return answer.choices[0]?.message.content ?? ""
}

const inChatStreamed: Ask = async (messages, headers = {}, more = {}) => {
  const client = service.clientWith({ headers })
  const stream = client.chat.completions.stream({ model: "manager", messages: [...messages], ...more })
  return (await stream.finalChatCompletion()).choices[0]?.message.content ?? ""
}

const inResponses: Ask = async (messages, headers = {}, more = {}) => {
  const client = service.clientWith({ headers })
  return (await client.responses.create({ model: "manager", input: [...messages], ...more })).output_text
}

const inResponsesStreamed: Ask = async (messages, headers = {}, more = {}) => {
  const client = service.clientWith({ headers })
  const stream = client.responses.stream({ model: "manager", input: [...messages], ...more })
  return (await stream.finalResponse()).output_text
}

const hows: readonly (readonly [string, Ask])[] = [
  ["chat, whole", inChat],
  ["chat, streamed", inChatStreamed],
  ["Responses, whole", inResponses],
  ["Responses, streamed", inResponsesStreamed],
]

const user = (content: string): Message => ({ role: "user", content })
const system = (content: string): Message => ({ role: "system", content })
const said = (content: string): Message => ({ role: "assistant", content })

/** What the model was given in its newest request: the texts of the conversation, and what commands printed. */
function given(): { readonly texts: readonly string[]; readonly printed: readonly string[] } {
  const request = service.model.requests.at(-1)
  if (request === undefined) throw new Error("the model server got no request")
  return {
    texts: conversationOf(request).map(({ text }) => text),
    printed: toolOutputsOf(request).flatMap(({ text }) => text.match(/printed-\d+/g) ?? []),
  }
}

let count = 0

/** A first exchange whose command printed what no client knows: `printed-7`. */
async function begin(ask: Ask, headers: Record<string, string> = {}) {
  count += 1
  const number = 1_000 + count
  const first = user(`[[shell:echo printed-$((${number}))]][[say:Answer ${number}, as it was said.]]`)
  const answer = await ask([first], headers)
  return { first, answer, printed: `printed-${number}` }
}

describe.each(hows)("a conversation over codex by %s", (_, ask) => {
  it.each<[string, (first: Message, answer: string) => readonly Message[]]>([
    ["a clock in the instructions", (first, answer) => [system("It is 12:05."), first, said(answer)]],
    [
      "thoughts in front of the answer",
      (first, answer) => [first, said(`<think>\nHm\n</think>\n\n${answer}`)],
    ],
    [
      "thoughts as a message of their own",
      (first, answer) => [first, said("<think>Hm</think>"), said(answer)],
    ],
    ["white space around the answer", (first, answer) => [first, said(`\n${answer} \n`)]],
    [
      "a file's text taken out of the message",
      (first, answer) => [user(`${first.content} (without the file)`), said(answer)],
    ],
  ])("comes back with %s, and the agent knows what it did", async (_what, changed) => {
    const { first, answer, printed } = await begin(ask)
    await ask([...changed(first, answer), user("[[say:next]]")])
    expect(given().printed).toEqual([printed])
    expect(given().texts.slice(-2)).toEqual([answer, "[[say:next]]"])
    expect(given().texts).toHaveLength(3)
  })

  it("comes back with an answer that was never given: told behind what is known", async () => {
    const { first, answer, printed } = await begin(ask)
    const edited = [first, said(answer), user("and?"), said("Something else.")]
    await ask([...edited, user("[[say:next]]")])
    expect(given().printed).toEqual([printed])
    expect(given().texts).toEqual([...edited.map(({ content }) => content), "[[say:next]]"])
    await ask([...edited, user("[[say:next]]"), said("next"), user("[[say:last]]")])
    expect(given().printed).toEqual([printed])
    expect(given().texts).toHaveLength(7)
  })

  it("comes back without its front, and the agent knows all of it", async () => {
    const { first, answer, printed } = await begin(ask)
    const second = user(`[[say:A second answer to ${printed}, long enough to be known.]]`)
    const more = await ask([first, said(answer), second])
    await ask([second, said(more), user("[[say:next]]")])
    expect(given().printed).toEqual([printed])
    expect(given().texts).toEqual([first.content, answer, second.content, more, "[[say:next]]"])
  })

  it("goes on behind a turn that failed, and the agent is told what it did in it", async () => {
    const { first, answer, printed } = await begin(ask)
    const failing = user("[[shell:echo printed-77]][[then]][[failed:server_error]]")
    await ask([first, said(answer), failing]).catch(() => {})
    const requests = service.model.requests.length
    await ask([first, said(answer), failing, user("[[say:next]]")])
    expect(service.model.requests.length).toBe(requests + 1)
    expect(given().printed).toEqual([printed, "printed-77"])
    expect(JSON.stringify(service.model.requests.at(-1)?.body)).toContain("before the user had an answer")
    expect(given().texts.filter((text) => text === failing.content)).toHaveLength(1)
    expect(given().texts.at(-1)).toBe("[[say:next]]")
  })

  it("under another id of the client's is a branch with the agent's past", async () => {
    const { first, answer, printed } = await begin(ask, { "x-openwebui-chat-id": `chat-${count}` })
    await ask([first, said(answer), user("[[say:next]]")], { "x-openwebui-chat-id": `fork-${count}` })
    expect(given().printed).toEqual([printed])
    expect(given().texts).toEqual([first.content, answer, "[[say:next]]"])
  })

  it("is named by context_id in the body", async () => {
    const named = { context_id: `context ${count}` }
    const first = user("[[shell:echo printed-5]][[say:one]]")
    await ask([first], {}, named)
    await ask([user("[[say:two]]")], {}, named)
    expect(given()).toEqual({ texts: [first.content, "one", "[[say:two]]"], printed: ["printed-5"] })
    await expect(ask([first], {}, { context_id: "x".repeat(600) })).rejects.toMatchObject({
      status: 400,
      param: "context_id",
    })
  })
})

describe("a chat over codex", () => {
  const look = { type: "function" as const, function: { name: "look", parameters: { type: "object" } } }

  it("goes on behind a turn that its client stopped, which is told", async () => {
    const first = user("[[shell:echo printed-9]][[then]][[slow:600:100]]")
    const stream = await service.client.chat.completions.create({
      model: "manager",
      messages: [first],
      stream: true,
    })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    stream.controller.abort()
    await waitFor(() => service.logged.some(({ fields }) => JSON.stringify(fields).includes("cancelled")), {
      what: "the turn to be cancelled",
      timeoutMs: 30_000,
    })
    service.model.clearRequests()
    await inChat([first, user("[[say:next]]")])
    expect(service.model.requests).toHaveLength(1)
    expect(given().printed).toEqual(["printed-9"])
    expect(given().texts.filter((text) => text === first.content)).toHaveLength(1)
    expect(JSON.stringify(service.model.requests.at(-1)?.body)).toContain("exit code 0")
  })

  it("that sends only new messages under a name keeps its thread when a function is called", async () => {
    const client = service.clientWith({ headers: { "x-session-id": "tools" } })
    const ask = (messages: ChatCompletionMessageParam[]) =>
      client.chat.completions.create({ model: "manager", messages, tools: [look] })
    await ask([user("[[shell:echo printed-3]][[say:one]]")])
    const called = await ask([user("[[tool:look:{}]][[say:two]]")])
    const message = called.choices[0]?.message
    const callId = message?.tool_calls?.[0]?.id ?? ""
    await ask([
      user("[[tool:look:{}]][[say:two]]"),
      { role: "assistant", content: null, tool_calls: message?.tool_calls ?? [] },
      { role: "tool", tool_call_id: callId, content: "found" },
    ])
    await ask([user("[[say:three]]")])
    expect(given().printed).toEqual(["printed-3"])
    expect(given().texts.filter((text) => text === "[[tool:look:{}]][[say:two]]")).toHaveLength(1)
    expect(new Set(service.model.requests.map(({ headers }) => headers["thread-id"])).size).toBe(1)
  })

  it("answers the turn that waits where the functions are left out with the output", async () => {
    const messages: ChatCompletionMessageParam[] = [
      user("[[shell:echo printed-4]][[tool:look:{}]][[say:seen]]"),
    ]
    const called = await service.client.chat.completions.create({ model: "manager", messages, tools: [look] })
    const message = called.choices[0]?.message
    const callId = message?.tool_calls?.[0]?.id ?? ""
    const answer = await service.client.chat.completions.create({
      model: "manager",
      messages: [
        ...messages,
        { role: "assistant", content: "I look.", tool_calls: message?.tool_calls ?? [] },
        { role: "tool", tool_call_id: callId, content: "found" },
      ],
    })
    expect(answer.choices[0]?.message.content).toBeTruthy()
    expect(new Set(service.model.requests.map(({ headers }) => headers["thread-id"])).size).toBe(1)
    expect(given().printed).toEqual(["printed-4"])
  })
})

it("a client that names the response and sends question and outputs again has nothing run twice", async () => {
  const look = { type: "function" as const, name: "look", parameters: { type: "object" }, strict: false }
  const question = user("[[shell:echo printed-6]][[tool:look:{}]][[then]][[tool:look:{}]][[say:done]]")
  const callOf = (output: readonly unknown[]) =>
    output
      .map((item) => item as { type: string; call_id: string })
      .find(({ type }) => type === "function_call")
  const ask = (previous: string | null, ...outputs: readonly string[]) =>
    service.client.responses.create({
      model: "manager",
      previous_response_id: previous,
      input: [
        question,
        ...outputs.map((call_id) => ({ type: "function_call_output" as const, call_id, output: "found" })),
      ],
      tools: [look],
    })
  const first = await ask(null)
  const call1 = callOf(first.output)?.call_id ?? ""
  const second = await ask(first.id, call1)
  const call2 = callOf(second.output)?.call_id ?? ""
  const third = await ask(second.id, call1, call2)
  expect(third.status).toBe("completed")
  expect(given().texts.filter((text) => text === question.content)).toHaveLength(1)
  expect(new Set(service.model.requests.map(({ headers }) => headers["thread-id"])).size).toBe(1)
  expect(given().printed).toEqual(["printed-6"])
})
