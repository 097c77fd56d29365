import { describe, expect, it } from "vitest"
import { parseChatRequest } from "../../src/protocol/chat/request.ts"
import { sideRequestOfTask } from "../../src/protocol/common/side-request.ts"
import { parseResponsesRequest } from "../../src/protocol/responses/request.ts"
import { real } from "./real-request-corpus.ts"
import { certain, likely, ordinary, reviewOrder, type Sample } from "./side-request-corpus.ts"

function overChat({ messages, more }: Sample, fields: object = {}) {
  return parseChatRequest({ model: "manager", messages, ...more, ...fields }).turn.sideRequest
}

/** The same as Responses has it: instructions, items, functions without a level between. */
function overResponses({ messages, more = {} }: Sample, fields: object = {}) {
  const { max_tokens, tools, temperature, ...others } = more
  return parseResponsesRequest({
    model: "manager",
    instructions: messages.find(({ role }) => role === "system")?.content,
    input: messages.filter(({ role }) => role !== "system"),
    ...(max_tokens !== undefined && { max_output_tokens: max_tokens }),
    ...(Array.isArray(tools) && { tools: tools.map((tool) => ({ type: "function", ...tool.function })) }),
    ...others,
    ...fields,
  }).turn.sideRequest
}

describe.each(certain)("$name", (sample) => {
  it("is a side request, by chat and by Responses", () => {
    expect(overChat(sample)?.certainty).toBe("certain")
    expect(overResponses(sample)?.certainty).toBe("certain")
  })

  it("is none where its answer is to be kept, nor within a conversation that is named", () => {
    expect(overChat(sample, { store: true })).toBeNull()
    expect(overResponses(sample, { store: true })).toBeNull()
    expect(overResponses(sample, { previous_response_id: "resp_1" })).toBeNull()
    expect(overResponses(sample, { conversation: "conv_1" })).toBeNull()
    expect(overResponses(sample, { background: true })).toBeNull()
  })
})

describe.each(likely)("$name", (sample) => {
  it("is likely to be a side request, where nobody can come back to it by its id", () => {
    expect(overChat(sample)?.certainty).toBe("likely")
    expect(overResponses(sample, { store: false })?.certainty).toBe("likely")
    expect(overResponses(sample)).toBeNull()
  })
})

describe.each([...ordinary, ...real])("$name", (sample) => {
  it.each(["whole", "streamed"])("is asked of the agent itself, %s", (way) => {
    const stream = way === "streamed"
    expect(overChat(sample, { stream })).toBeNull()
    expect(overResponses(sample, { stream, store: false })).toBeNull()
    expect(overResponses(sample, { stream })).toBeNull()
  })
})

it("a side request has one text: a picture or a file beside it is for the agent", () => {
  const [sample] = certain
  const image = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }
  const text = { type: "text", text: sample?.messages[0]?.content }
  expect(
    overChat({ name: "", messages: [] }, { messages: [{ role: "user", content: [text] }] }),
  ).not.toBeNull()
  expect(
    overChat({ name: "", messages: [] }, { messages: [{ role: "user", content: [text, image] }] }),
  ).toBeNull()
})

it.each([
  {
    name: "qwen",
    system:
      "You are now acting as the managed memory extraction subagent for an AI coding assistant.\n\nThe recent conversation history is already in your context.",
    order: "Extract.",
  },
  { name: "hermes-agent", system: "You are Hermes Agent.", order: reviewOrder },
])(
  "$name's look through a chat for what is to be remembered is one, whatever the chat holds",
  ({ system, order }) => {
    const call = { id: "call_1", type: "function", function: { name: "write_file", arguments: "{}" } }
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }
    const messages = [
      { role: "system", content: system },
      { role: "user", content: [{ type: "text", text: "Look." }, image] },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "written" },
      { role: "assistant", content: "Done." },
      { role: "user", content: order },
    ]
    const tools = [{ type: "function", function: { name: "write_file", parameters: { type: "object" } } }]
    expect(overChat({ name: "", messages: [] }, { messages, tools })?.certainty).toBe("certain")
    const { id, function: named } = call
    const input = [
      { role: "user", content: "Look." },
      { type: "function_call", call_id: id, ...named },
      { type: "function_call_output", call_id: id, output: "written" },
      { role: "assistant", content: "Done." },
      { role: "user", content: order },
    ]
    const responses = {
      instructions: system,
      input,
      tools: tools.map((one) => ({ type: "function", ...one.function })),
    }
    expect(overResponses({ name: "", messages: [] }, responses)?.certainty).toBe("certain")
  },
)

it("a long text that only looks like one is told without trying every way to read it", () => {
  for (const part of [
    '\n### Output:\n"title"\n### Chat History:\n<chat_history>\n',
    "User: a title for the conversation only ",
    "\nUser:\n",
    "<a>\n# b ",
    "predict suggest user chat ",
  ]) {
    const content = `### Task:\nGenerate ${part.repeat(20_000)} end`
    expect(overChat({ name: "", messages: [{ role: "user", content }] })).toBeNull()
    const system = { role: "system" as const, content }
    expect(overChat({ name: "", messages: [system, { role: "user", content: "go on" }] })).toBeNull()
  }
})

it("is named by the header, where that is a task of Open WebUI", () => {
  expect(["title_generation", " Function_Calling "].map((task) => sideRequestOfTask(task)?.sign)).toEqual([
    "title_generation",
    "function_calling",
  ])
  const others = [undefined, "", " ", "None", "default", "{{TASK}}", "chat", "tags", "my_task"]
  expect(others.map(sideRequestOfTask)).toEqual(others.map(() => null))
})
