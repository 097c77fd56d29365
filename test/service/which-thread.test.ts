import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { conversationOf, developerTextOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

let service: TestService

beforeAll(async () => {
  service = await startTestService({
    config: {
      // The third as docs/clients/librechat.md says.
      sessionHeaders: ["x-session-id", "x-openwebui-chat-id", "x-librechat-conversation-id"],
      apiKeys: new Map([
        ["ann", "key-ann"],
        ["bob", "key-bob"],
      ]),
    },
  })
})
afterAll(() => service.stop())
beforeEach(() => service.model.clearRequests())

function ann(headers: Record<string, string> = {}) {
  return service.clientWith({ apiKey: "key-ann", headers })
}

function bob(headers: Record<string, string> = {}) {
  return service.clientWith({ apiKey: "key-bob", headers })
}

/** What the model was given in its newest request. */
function lastConversation(): string[] {
  const request = service.model.requests.at(-1)
  if (request === undefined) throw new Error("the model server got no request")
  return conversationOf(request).map((message) => message.text)
}

/** codex names its thread in a header of each model request. */
function threadsAsked(): string[] {
  return service.model.requests.map((request) => String(request.headers["thread-id"]))
}

describe("a session header", () => {
  it("continues the conversation of that name without any history", async () => {
    const client = ann({ "X-Session-Id": "s1" })
    await client.responses.create({ model: "manager", input: "[[say:a]] one" })
    await client.responses.create({ model: "manager", input: "[[say:b]] two" })
    expect(lastConversation()).toEqual(["[[say:a]] one", "a", "[[say:b]] two"])
    expect(new Set(threadsAsked()).size).toBe(1)
  })

  it("goes on in the same thread when the history is sent along, and in a new one when it was changed", async () => {
    const client = ann({ "X-OpenWebUI-Chat-Id": "c1" })
    const first = [{ role: "user" as const, content: "[[say:a]] one" }]
    await client.chat.completions.create({ model: "manager", messages: first })
    const second = [...first, { role: "assistant" as const, content: "a" }, user("[[say:b]] two")]
    await client.chat.completions.create({ model: "manager", messages: second })
    expect(lastConversation()).toEqual(["[[say:a]] one", "a", "[[say:b]] two"])
    expect(new Set(threadsAsked()).size).toBe(1)
    const edited = [
      ...first,
      { role: "assistant" as const, content: "edited by hand" },
      user("[[say:c]] three"),
    ]
    await client.chat.completions.create({ model: "manager", messages: edited })
    expect(lastConversation()).toEqual(["[[say:a]] one", "edited by hand", "[[say:c]] three"])
    expect(new Set(threadsAsked()).size).toBe(2)
  })

  it("of a front end that resends everything begins anew when the first message is edited or regenerated", async () => {
    const client = ann({ "X-OpenWebUI-Chat-Id": "edited-first" })
    const ask = (...messages: Parameters<typeof user>[0][]) =>
      client.chat.completions.create({
        model: "manager",
        messages: messages.map((content, index) =>
          index % 2 === 0 ? user(content) : { role: "assistant" as const, content },
        ),
      })
    await ask("[[say:a]] one")
    await ask("[[say:a]] one, edited at once")
    expect(lastConversation()).toEqual(["[[say:a]] one, edited at once"])
    await ask("[[say:a]] one, edited at once", "a", "[[say:b]] two")
    await ask("[[say:c]] one, edited later")
    expect(lastConversation()).toEqual(["[[say:c]] one, edited later"])
    await ask("[[say:c]] one, edited later", "c", "[[say:d]] two")
    expect(lastConversation()).toEqual(["[[say:c]] one, edited later", "c", "[[say:d]] two"])
  })

  it("of a client that once resent its history is understood in the same way", async () => {
    const client = ann({ "X-Session-Id": "resends" })
    const ask = (messages: { role: "user" | "assistant"; content: string }[]) =>
      client.chat.completions.create({ model: "manager", messages })
    await ask([user("[[say:a]] one")])
    await ask([user("[[say:a]] one"), { role: "assistant", content: "a" }, user("[[say:b]] two")])
    await ask([user("[[say:c]] one, edited")])
    expect(lastConversation()).toEqual(["[[say:c]] one, edited"])
  })

  it("of LibreChat follows answers, edits and three regenerations, also where a new chat has no name of its own yet", async () => {
    const chat = (name: string) => ann({ "X-LibreChat-Conversation-Id": name })
    const ask = (name: string, ...texts: string[]) =>
      chat(name).chat.completions.create({
        model: "manager",
        messages: texts.map((content, index) =>
          index % 2 === 0 ? user(content) : { role: "assistant" as const, content },
        ),
      })
    await ask("new", "[[say:a]] one, of LibreChat")
    await ask("new", "[[say:a]] another chat of LibreChat")
    expect(lastConversation()).toEqual(["[[say:a]] another chat of LibreChat"])
    const turns = ["[[say:a]] one, of LibreChat", "a", "[[say:b]] two"]
    await ask("chat-1", ...turns)
    expect(lastConversation()).toEqual(turns)
    for (let regeneration = 0; regeneration < 3; regeneration += 1) {
      await ask("chat-1", ...turns)
      expect(lastConversation()).toEqual(turns)
    }
    await ask("chat-1", ...turns, "b", "[[say:c]] three")
    expect(lastConversation()).toEqual([...turns, "b", "[[say:c]] three"])
    await ask("chat-1", "[[say:d]] one, edited in LibreChat")
    expect(lastConversation()).toEqual(["[[say:d]] one, edited in LibreChat"])
  })

  it("keeps two conversations apart that are the same so far", async () => {
    const messages = [user("[[say:hello]] hi")]
    const x = ann({ "X-Session-Id": "x" })
    const y = ann({ "X-Session-Id": "y" })
    await x.chat.completions.create({ model: "manager", messages })
    await y.chat.completions.create({ model: "manager", messages })
    const more = [...messages, { role: "assistant" as const, content: "hello" }, user("[[say:1]] more")]
    await x.chat.completions.create({ model: "manager", messages: more })
    await y.chat.completions.create({ model: "manager", messages: more })
    const [threadX, threadY, thenX, thenY] = threadsAsked()
    expect(threadX).not.toBe(threadY)
    expect([thenX, thenY]).toEqual([threadX, threadY])
  })
})

describe("two API keys", () => {
  it("never share a thread: not by header, not by history, not by id", async () => {
    await ann({ "X-Session-Id": "same" }).responses.create({
      model: "manager",
      input: "[[say:x]] ann's secret",
    })
    await bob({ "X-Session-Id": "same" }).responses.create({ model: "manager", input: "[[say:y]] bob" })
    expect(lastConversation()).toEqual(["[[say:y]] bob"])

    const messages = [user("[[shell:echo ann-only]] go")]
    const answer = await ann().chat.completions.create({ model: "manager", messages })
    const resent = [
      ...messages,
      { role: "assistant" as const, content: answer.choices[0]?.message.content ?? "" },
      user("[[say:z]] on"),
    ]
    await bob().chat.completions.create({ model: "manager", messages: resent })
    expect(JSON.stringify(service.model.requests.at(-1)?.body)).not.toContain("ann-only\\n")

    const stored = await ann().responses.create({ model: "manager", input: "[[say:mine]]" })
    await expect(bob().responses.retrieve(stored.id)).rejects.toMatchObject({ status: 404 })
    await expect(bob().responses.delete(stored.id)).rejects.toMatchObject({ status: 404 })
    await expect(
      bob().responses.create({ model: "manager", previous_response_id: stored.id, input: "hi" }),
    ).rejects.toMatchObject({
      status: 400,
      code: "previous_response_not_found",
      param: "previous_response_id",
    })
    expect((await ann().responses.retrieve(stored.id)).output_text).toBe("mine")
  })
})

describe("instructions", () => {
  it("that change are told in the thread, which knows the past", async () => {
    const first = await ann().responses.create({
      model: "manager",
      instructions: "Speak like a pirate.",
      input: "[[shell:echo from-turn-one]] one",
    })
    await ann().responses.create({
      model: "manager",
      instructions: "Speak like a poet.",
      previous_response_id: first.id,
      input: "[[say:b]] two",
    })
    const request = service.model.requests.at(-1)
    if (request === undefined) throw new Error("the model server got no request")
    expect(lastConversation()).toEqual([
      "[[shell:echo from-turn-one]] one",
      first.output_text,
      "[[say:b]] two",
    ])
    expect(developerTextOf(request)).toMatch(/pirate.*in place of those.*poet/s)
    expect(new Set(threadsAsked()).size).toBe(1)
    expect(JSON.stringify(request.body)).toContain("from-turn-one\\n")
  })

  it("of a chat's system message belong to the thread and are not said twice", async () => {
    const system = { role: "system" as const, content: "You are a librarian." }
    const messages = [system, user("[[say:a]] one")]
    await ann().chat.completions.create({ model: "manager", messages })
    await ann().chat.completions.create({
      model: "manager",
      messages: [...messages, { role: "assistant" as const, content: "a" }, user("[[say:b]] two")],
    })
    const request = service.model.requests.at(-1)
    if (request === undefined) throw new Error("the model server got no request")
    expect(developerTextOf(request).match(/librarian/g)).toHaveLength(1)
    expect(lastConversation()).toEqual(["[[say:a]] one", "a", "[[say:b]] two"])
    expect(new Set(threadsAsked()).size).toBe(1)
  })

  it("in the middle of a conversation reach the model in their place", async () => {
    const first = await ann().responses.create({ model: "manager", input: "[[say:a]] one" })
    await ann().responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: [
        { role: "developer", content: "From now on be brief." },
        { role: "user", content: "[[say:b]] two" },
      ],
    })
    const body = JSON.stringify(service.model.requests.at(-1)?.body)
    const places = ["[[say:a]] one", "From now on be brief.", "[[say:b]] two"].map((text) =>
      body.indexOf(text),
    )
    expect(places).not.toContain(-1)
    expect(places).toEqual([...places].sort((a, b) => a - b))
  })
})

describe("two continuations of one answer, sent at once", () => {
  it("both see the common past and neither the other", async () => {
    const first = await ann().responses.create({ model: "manager", input: "[[say:base]] zero" })
    service.model.clearRequests()
    const go = (input: string) =>
      ann().responses.create({ model: "manager", previous_response_id: first.id, input })
    const streamed = (input: string) =>
      ann().responses.stream({ model: "manager", previous_response_id: first.id, input }).finalResponse()
    const answers = await Promise.all([
      go("[[say:L]] left"),
      go("[[say:R]] right"),
      streamed("[[say:M]] middle"),
    ])
    expect(answers.map((answer) => answer.output_text)).toEqual(["L", "R", "M"])
    const seen = service.model.requests.map((request) =>
      conversationOf(request).map((message) => message.text),
    )
    expect(seen.map((texts) => texts.slice(0, 2))).toEqual(Array(3).fill(["[[say:base]] zero", "base"]))
    expect(seen.map((texts) => texts[2]).sort()).toEqual([
      "[[say:L]] left",
      "[[say:M]] middle",
      "[[say:R]] right",
    ])
    expect(seen.every((texts) => texts.length === 3)).toBe(true)
  })
})

describe("two continuations of an answer that is still being made", () => {
  it("both wait for it", async () => {
    const running = await ann().responses.create({
      model: "manager",
      input: "[[slow:5:100]] base",
      stream: true,
    })
    let id = ""
    const rest: Promise<unknown>[] = []
    for await (const event of running) {
      if (event.type === "response.created") id = event.response.id
      if (event.type === "response.output_text.delta" && rest.length === 0) {
        for (const word of ["left", "right"]) {
          const input = `[[say:${word}]] ${word}`
          rest.push(ann().responses.create({ model: "manager", previous_response_id: id, input }))
        }
      }
    }
    await Promise.all(rest)
    const seen = service.model.requests
      .slice(1)
      .map((request) => conversationOf(request).map(({ text }) => text))
    expect(seen.map((texts) => texts.slice(0, 2))).toEqual(
      Array(2).fill(["[[slow:5:100]] base", "1 2 3 4 5"]),
    )
    expect(seen.map((texts) => texts.at(-1)).sort()).toEqual(["[[say:left]] left", "[[say:right]] right"])
    expect(seen.every((texts) => texts.length === 3)).toBe(true)
  })
})

describe("a long chat that is resent", () => {
  it("reaches the model once each, whole and streamed, also after an edit in the middle and with three regenerations", async () => {
    const messages: { role: "user" | "assistant"; content: string }[] = []
    const ask = async (content: string): Promise<string> => {
      messages.push(user(content))
      service.model.clearRequests()
      // Whole and streamed by turns: a client may change its mind.
      const request = { model: "manager", messages }
      const { completions } = ann().chat
      const answer =
        messages.length % 4 === 1
          ? await completions.create(request)
          : await completions.stream(request).finalChatCompletion()
      expect(
        service.model.requests.map((request) => conversationOf(request).map(({ text }) => text)),
      ).toEqual([messages.map((message) => message.content)])
      return answer.choices[0]?.message.content ?? ""
    }
    for (let turn = 0; turn < 20; turn += 1) {
      messages.push({ role: "assistant", content: await ask(`[[say:answer ${turn}]] question ${turn}`) })
    }
    messages.splice(20)
    messages.push({ role: "assistant", content: await ask("[[say:another way]] edited question 10") })
    await ask("[[say:first]] and then?")
    for (const word of ["second", "third", "fourth"]) {
      messages.pop()
      await ask(`[[say:${word}]] and then?`)
    }
  }, 40_000)
})

describe("requests at once on one session", () => {
  it("take turns on its thread, in the order in which they came", async () => {
    const client = ann({ "X-Session-Id": "at-once" })
    const go = (input: string) => client.responses.create({ model: "manager", input })
    const first = go("[[say:1]] first")
    const second = first.then(() => go("[[slow:3:50]] second"))
    await second
    await Promise.all([go("[[say:3]] third"), go("[[say:4]] fourth")])
    const conversation = lastConversation()
    expect(conversation.slice(0, 4)).toEqual(["[[say:1]] first", "1", "[[slow:3:50]] second", "1 2 3"])
    expect(conversation).toHaveLength(7)
  })
})

function user(content: string) {
  return { role: "user" as const, content }
}
