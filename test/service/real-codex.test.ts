import { readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { ResponseStreamEvent } from "openai/resources/responses/responses"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { conversationOf, developerTextOf, imagesOf, toolOutputsOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

/** One pixel. */
const png =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

const modelNames = [
  { modelName: "scripted-1", mode: "an unknown model (tools listed)" },
  { modelName: "gpt-5.5", mode: "gpt-5.5 (tool search)" },
  { modelName: "gpt-6-sol", mode: "gpt-6-sol (code mode)" },
  { modelName: null, mode: "no model configured (code mode)" },
]

async function collect(stream: AsyncIterable<ResponseStreamEvent>): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = []
  for await (const event of stream) events.push(event)
  return events
}

describe.each(modelNames)("the official client and the real codex with $mode", ({ modelName }) => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService({ modelName })
  })
  afterAll(() => service.stop())

  it("streams an answer whose first delta arrives while the turn still runs", async () => {
    const stream = await service.client.responses.create({
      model: "manager",
      input: "[[slow:6:100]]",
      stream: true,
    })
    const statusAtFirstDelta: string[] = []
    const events: ResponseStreamEvent[] = []
    let id = ""
    for await (const event of stream) {
      events.push(event)
      if (event.type === "response.created") id = event.response.id
      if (event.type === "response.output_text.delta" && statusAtFirstDelta.length === 0) {
        statusAtFirstDelta.push((await service.client.responses.retrieve(id)).status ?? "none")
      }
    }
    expect(statusAtFirstDelta).toEqual(["in_progress"])
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    const last = events.at(-1)
    if (last?.type !== "response.completed") throw new Error(`ended with ${last?.type}`)
    const deltas = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : ""))
    expect(deltas.filter((delta) => delta !== "").length).toBeGreaterThanOrEqual(6)
    const message = last.response.output.find((item) => item.type === "message")
    expect(message?.content[0]).toMatchObject({ type: "output_text", text: deltas.join("") })
    expect(last.response.usage).toMatchObject({ input_tokens: 1234, output_tokens: 56, total_tokens: 1290 })
    expect(bare(await service.client.responses.retrieve(id))).toEqual(bare(last.response))
  })

  it("answers a chat completion, whole and streamed, with the same text", async () => {
    const messages = [{ role: "user" as const, content: "[[say:Grüße, 世界 🌍]]" }]
    const whole = await service.client.chat.completions.create({ model: "manager", messages })
    expect(whole.choices[0]?.message.content).toBe("Grüße, 世界 🌍")
    expect(whole.choices[0]?.finish_reason).toBe("stop")
    expect(whole.usage?.total_tokens).toBe(1290)
    const stream = service.client.chat.completions.stream({ model: "manager", messages })
    expect(await stream.finalContent()).toBe("Grüße, 世界 🌍")
  })

  it("shows a shell command as an item, and its result", async () => {
    const stream = await service.client.responses.create({
      model: "manager",
      input: "[[shell:echo from-the-shell; pwd]]",
      stream: true,
    })
    const events = await collect(stream)
    const last = events.at(-1)
    if (last?.type !== "response.completed") throw new Error(`ended with ${last?.type}`)
    const call = last.response.output.find((item) => item.type === "mcp_call")
    expect(call).toMatchObject({ server_label: "codex", name: "shell", status: "completed" })
    expect(call?.arguments).toContain("echo from-the-shell")
    expect(call?.output).toContain("from-the-shell")
    expect(call?.output).toContain(join(service.home, "manager"))
    expect(last.response.output.filter((item) => item.type === "function_call")).toEqual([])
    const done = events.flatMap((event) => (event.type === "response.output_item.done" ? [event.item] : []))
    expect(done).toEqual(last.response.output)
  })

  it("hands an image to the model", async () => {
    service.model.clearRequests()
    await service.client.responses.create({
      model: "manager",
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "[[say:seen]]" },
            { type: "input_image", image_url: png, detail: "auto" },
          ],
        },
      ],
    })
    const chat = await service.client.chat.completions.create({
      model: "manager",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "[[say:seen]]" },
            { type: "image_url", image_url: { url: png } },
          ],
        },
      ],
    })
    expect(chat.choices[0]?.message.content).toBe("seen")
    const seen = service.model.requests.map((request) => imagesOf(request).length)
    expect(seen).toEqual([1, 1])
  })

  it("hands pictures of low detail to the model, in a new message and in earlier ones that come along", async () => {
    service.model.clearRequests()
    const picture = { type: "image_url", image_url: { url: png, detail: "low" } } as const
    await service.client.chat.completions.create({
      model: "manager",
      messages: [
        { role: "user", content: [picture] },
        { role: "assistant", content: "A dot, of which nobody has heard before." },
        { role: "user", content: [{ type: "text", text: "[[say:seen]]" }, picture] },
      ],
    })
    expect(service.model.requests.flatMap(imagesOf)).toHaveLength(2)
  })

  it("shows reasoning as an item and as reasoning_content", async () => {
    const whole = await service.client.responses.create({
      model: "manager",
      input: "[[reason:Let me think.]][[say:Done.]]",
    })
    const reasoning = whole.output.find((item) => item.type === "reasoning")
    expect(reasoning?.summary).toEqual([{ type: "summary_text", text: "Let me think." }])
    const chat = await service.client.chat.completions.create({
      model: "manager",
      messages: [{ role: "user", content: "[[reason:Let me think.]][[say:Done.]]" }],
    })
    expect(chat.choices[0]?.message).toMatchObject({
      content: "Done.",
      reasoning_content: expect.stringContaining("Let me think."),
    })
  })

  it("hands over instructions, effort and an output schema", async () => {
    service.model.clearRequests()
    const schema = {
      type: "object",
      properties: { answer: { type: "string" } },
      required: ["answer"],
      additionalProperties: false,
    }
    const response = await service.client.responses.create({
      model: "manager",
      instructions: "Answer like a pirate.",
      input: "[[schema]]",
      reasoning: { effort: "high" },
      text: { format: { type: "json_schema", name: "answer", schema, strict: true } },
      metadata: { ticket: "7" },
    })
    expect(JSON.parse(response.output_text)).toEqual({ answer: "yes" })
    expect(response).toMatchObject({ instructions: "Answer like a pirate.", metadata: { ticket: "7" } })
    const request = service.model.requests.at(-1)
    if (request === undefined) throw new Error("the model server got no request")
    expect(developerTextOf(request)).toContain("Answer like a pirate.")
    expect(request.body).toMatchObject({
      reasoning: { effort: "high" },
      text: { format: { type: "json_schema", schema } },
    })
  })

  it("remembers by previous_response_id, and branches where an older answer is continued", async () => {
    const first = await service.client.responses.create({ model: "manager", input: "[[say:one]] first" })
    const second = await service.client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: "[[say:two]] second",
    })
    service.model.clearRequests()
    await service.client.responses.create({
      model: "manager",
      previous_response_id: second.id,
      input: "[[say:three]] third",
    })
    await service.client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: "[[say:other]] branch",
    })
    const [onward, branch] = service.model.requests.map(textsOf)
    expect(onward).toEqual(["[[say:one]] first", "one", "[[say:two]] second", "two", "[[say:three]] third"])
    expect(branch).toEqual(["[[say:one]] first", "one", "[[say:other]] branch"])
  })

  it("keeps two chats without any id apart", async () => {
    const ask = (content: string) =>
      service.client.chat.completions.create({ model: "manager", messages: [{ role: "user", content }] })
    await ask("[[say:noted]] my word is apple")
    service.model.clearRequests()
    await ask("[[say:what word]] and mine?")
    expect(service.model.requests.map(textsOf)).toEqual([["[[say:what word]] and mine?"]])
  })

  it("gives the model each message of a resent chat once and in order, also after an edit", async () => {
    type Message = { role: "user" | "assistant"; content: string }
    const messages: Message[] = []
    const say = async (content: string): Promise<void> => {
      messages.push({ role: "user", content })
      service.model.clearRequests()
      const answer = await service.client.chat.completions.create({ model: "manager", messages })
      expect(service.model.requests.map(textsOf)).toEqual([messages.map((message) => message.content)])
      messages.push({ role: "assistant", content: answer.choices[0]?.message.content ?? "" })
    }
    await say("[[say:A]] one")
    await say("[[say:B]] two")
    await say("[[say:C]] three")
    messages.splice(2)
    await say("[[say:D]] two, edited")
    await say("[[say:E]] three, after the edit")
  })

  it("reads a stored response back identical after a restart, and goes on without the CLI's own files", async () => {
    const first = await service.client.responses.create({
      model: "manager",
      input: "[[shell:echo kept-output]] before the restart",
    })
    await service.restart()
    expect(bare(await service.client.responses.retrieve(first.id))).toEqual(bare(first))
    const second = await service.client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: "[[say:on]] after the restart",
    })
    await service.restart()
    const sessions = join(service.codex.home, "sessions")
    expect(readdirSync(sessions, { recursive: true }).length).toBeGreaterThan(0)
    rmSync(sessions, { recursive: true })
    service.model.clearRequests()
    const third = await service.client.responses.create({
      model: "manager",
      previous_response_id: second.id,
      input: "[[say:still here]] after the loss",
    })
    expect(third.output_text).toBe("still here")
    const request = service.model.requests.at(-1)
    if (request === undefined) throw new Error("the model server got no request")
    expect(textsOf(request)).toEqual([
      "[[shell:echo kept-output]] before the restart",
      first.output_text,
      "[[say:on]] after the restart",
      "on",
      "[[say:still here]] after the loss",
    ])
    // Not only the messages: what the command printed is part of the seeded thread.
    const outputs = toolOutputsOf(request).map((output) => output.text)
    expect(outputs.filter((text) => text.includes("kept-output"))).toHaveLength(1)
  })

  it("deletes a response for good", async () => {
    const response = await service.client.responses.create({ model: "manager", input: "[[say:bye]]" })
    await service.client.responses.delete(response.id)
    await expect(service.client.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 })
    await expect(service.client.responses.delete(response.id)).rejects.toMatchObject({ status: 404 })
  })
})

describe.each(modelNames)("shared sessions with $mode", ({ modelName }) => {
  it("let two chats without any id see each other, also after a restart", async () => {
    const service = await startTestService({ modelName, config: { sessions: "shared" } })
    try {
      const ask = (content: string) =>
        service.client.chat.completions.create({ model: "manager", messages: [{ role: "user", content }] })
      await ask("[[say:noted]] my word is apple")
      await service.restart()
      service.model.clearRequests()
      await ask("[[say:apple]] what was my word?")
      expect(service.model.requests.map(textsOf)).toEqual([
        ["[[say:noted]] my word is apple", "noted", "[[say:apple]] what was my word?"],
      ])
    } finally {
      await service.stop()
    }
  })
})

describe("a request that is not to be stored", () => {
  it("leaves nothing: no response, no file of the CLI, no row", async () => {
    const service = await startTestService()
    try {
      const response = await service.client.responses.create({
        model: "manager",
        input: "[[say:secret]] do-not-keep",
        store: false,
      })
      expect(response.output_text).toBe("secret")
      await expect(service.client.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 })
      await service.restart()
      for (const folder of [service.home, service.codex.home]) {
        for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          if (!file.isFile()) continue
          const path = join(file.parentPath, file.name)
          expect(readFileSync(path).includes("do-not-keep"), path).toBe(false)
        }
      }
    } finally {
      await service.stop()
    }
  })
})

function textsOf(request: Parameters<typeof conversationOf>[0]): string[] {
  return conversationOf(request).map((message) => message.text)
}

/** Without what the client adds to what the service sent. */
function bare(response: object): object {
  const {
    output_text: _text,
    _request_id: _id,
    ...sent
  } = JSON.parse(JSON.stringify(response)) as Record<string, unknown>
  return sent
}
