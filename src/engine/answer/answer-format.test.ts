import { describe, expect, it } from "vitest"
import { answerText, type MessageItem, type Phase } from "../../domain/items.ts"
import type { ItemEvent } from "../../domain/turn-events.ts"
import { Recorder } from "../log/recorder.ts"
import { ResponseLog } from "../log/response-log.ts"
import { AnswerFormat } from "./answer-format.ts"

const schema = {
  type: "object",
  properties: { answer: { type: "string" } },
  required: ["answer"],
  additionalProperties: false,
}
const good = '{"answer":"yes"}'

function said(id: string, text: string, phase: Phase = null): ItemEvent[] {
  const item: MessageItem = {
    type: "message",
    id,
    role: "assistant",
    content: [],
    phase,
    status: "in_progress",
  }
  return [
    { type: "item.started", item },
    { type: "item.delta", itemId: id, channel: "text", index: 0, text },
    { type: "item.completed", item: { ...item, content: [{ type: "text", text }], status: "completed" } },
  ]
}

async function formatWith(isNative: boolean) {
  const format = await AnswerFormat.create(schema, "text.format")
  format.beginTurn(isNative)
  const recorder = new Recorder(new ResponseLog())
  const record = (events: readonly ItemEvent[]) => {
    for (const event of events) recorder.record(event)
  }
  return {
    format,
    record,
    take: (events: readonly ItemEvent[]) => record(events.flatMap((event) => format.take(event))),
    shown: () => answerText(recorder.output),
    output: () =>
      recorder.output.map((item) => [
        item.type,
        item.type === "message" ? answerText([item]) : item.type === "reasoning" ? item.summary.join() : "",
      ]),
  }
}

describe("the form of an answer", () => {
  it.each([true, false])("forgets a text that its model has not ended (native: %s)", async (isNative) => {
    const { format, take, record, shown } = await formatWith(isNative)
    take(said("half", '{"ans', "final_answer").slice(0, 2))
    take([{ type: "item.withdrawn", itemId: "half" }])
    take(said("m", good, "final_answer"))
    expect(await format.problem(isNative ? shown() : "")).toBeNull()
    record(format.release())
    expect(shown()).toBe(good)
  })

  it("holds text back that may not be the answer, and shows it once it is known to hold", async () => {
    const { format, take, record, shown } = await formatWith(false)
    take(said("m", good, "final_answer"))
    expect(shown()).toBe("")
    expect(await format.problem("")).toBeNull()
    record(format.release())
    expect(shown()).toBe(good)
  })

  it("shows the final message at once where the model is held to the schema", async () => {
    const { format, take, shown } = await formatWith(true)
    take(said("m", good, "final_answer"))
    expect(shown()).toBe(good)
    expect(await format.problem(shown())).toBeNull()
  })

  it("tells what is said on the way as reasoning, since clients parse every message as JSON", async () => {
    const { format, take, record, output } = await formatWith(true)
    take([...said("c", "I look.", "commentary"), ...said("m1", "Still looking."), ...said("m2", good)])
    expect(await format.problem("")).toBeNull()
    record(format.release())
    expect(output()).toEqual([
      ["reasoning", "I look."],
      ["reasoning", "Still looking."],
      ["message", good],
    ])
  })

  it.each([
    ["no JSON", "yes", /not JSON/],
    ["the wrong type", '{"answer":1}', /\/answer must be string/],
    ["more than was asked for", '{"answer":"a","b":1}', /additional properties/],
    ["nothing", " ", /empty/],
  ])("says what is wrong with %s, and withdraws it", async (_name, text, problem) => {
    const { format, take, record, shown } = await formatWith(false)
    take(said("m", text))
    expect(await format.problem("")).toMatch(problem)
    record(format.withdraw())
    expect(shown()).toBe("")
  })

  it("does without the code fence that models like", async () => {
    const { format, take, record, shown } = await formatWith(false)
    take(said("m", `\`\`\`json\n${good}\n\`\`\``))
    expect(await format.problem("")).toBeNull()
    record(format.release())
    expect(shown()).toBe(good)
  })

  it("does not take two answers for one", async () => {
    const { format, take, shown } = await formatWith(true)
    take([...said("m1", good, "final_answer"), ...said("m2", good, "final_answer")])
    expect(await format.problem(shown())).toMatch(/not JSON/)
  })

  it("passes only strict schemas on, unless the backend takes any", async () => {
    const open = await AnswerFormat.create({ type: "object" }, "text.format")
    const { format } = await formatWith(false)
    const codex = {
      program: "codex",
      version: null,
      streamsDeltas: true,
      acceptsImages: true,
      hasOutputSchema: true,
      hasFunctions: true,
      hasFork: true,
      efforts: [],
    }
    expect(format.nativeSchema(codex)).toEqual(schema)
    expect(format.nativeSchema({ ...codex, hasOutputSchema: false })).toBeNull()
    expect(open.nativeSchema(codex)).toBeNull()
    expect(open.nativeSchema({ ...codex, acceptsAnySchema: true })).toEqual({ type: "object" })
  })

  it("refuses a schema that is none, and names the field", async () => {
    await expect(AnswerFormat.create({ type: "objekt" }, "text.format")).rejects.toMatchObject({
      code: "invalid_request",
      param: "text.format",
    })
  })

  it("takes schemas of both drafts, with names of their own", async () => {
    const named = { $schema: "https://json-schema.org/draft/2020-12/schema", $id: "a", ...schema }
    for (const one of [
      named,
      { ...named },
      { ...schema, $schema: "http://json-schema.org/draft-07/schema#" },
    ]) {
      const format = await AnswerFormat.create(one, "text.format")
      expect(await format.problem(good)).toBeNull()
      expect(await format.problem("{}")).not.toBeNull()
    }
  })
})
