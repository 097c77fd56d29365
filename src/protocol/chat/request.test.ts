import { describe, expect, it } from "vitest"
import { parseChatRequest } from "./request.ts"

const user = { role: "user", content: "hello" }
const png = "data:image/png;base64,iVBORw0KGgo="

function parse(fields: object) {
  return parseChatRequest({ model: "manager", messages: [user], ...fields })
}

function faultOf(fields: object): { param: string | null; message: string } {
  try {
    parse(fields)
  } catch (error) {
    expect(error).toMatchObject({ code: "invalid_request" })
    if (error instanceof Error && "param" in error) {
      return { param: error.param as string | null, message: error.message }
    }
  }
  throw new Error("It was accepted.")
}

describe("a chat request", () => {
  it("needs nothing but a user's message, and then goes to the manager, unstreamed", () => {
    expect(parseChatRequest({ messages: [user] })).toMatchObject({
      turn: {
        kind: "chat",
        model: "manager",
        instructions: null,
        input: [{ type: "message", role: "user", content: [{ type: "text", text: "hello" }] }],
        previousResponseId: null,
        effort: null,
        outputSchema: null,
      },
      stream: false,
      includeUsage: false,
      advisory: [],
    })
  })

  it("makes instructions of leading system and developer messages, and keeps later ones in their place", () => {
    const { turn } = parse({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "developer", content: [{ type: "text", text: "Speak German." }] },
        user,
        { role: "system", content: "Now in French." },
      ],
    })
    expect(turn.instructions).toBe("Be brief.\n\nSpeak German.")
    expect(turn.input).toMatchObject([
      { role: "user" },
      { role: "developer", content: [{ type: "text", text: "Now in French." }] },
    ])
  })

  it("keeps images, and the order of parts", () => {
    const content = [
      { type: "text", text: "What is it?" },
      { type: "image_url", image_url: { url: png, detail: "low" } },
    ]
    expect(parse({ messages: [{ role: "user", content }] }).turn.input).toMatchObject([
      {
        content: [
          { type: "text", text: "What is it?" },
          { type: "image", url: png, detail: "low" },
        ],
      },
    ])
  })

  it("turns tool calls and their outputs into items, and forgets reasoning_content", () => {
    const { turn } = parse({
      messages: [
        user,
        {
          role: "assistant",
          content: null,
          reasoning_content: "I must look.",
          tool_calls: [{ id: "call_1", type: "function", function: { name: "look", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "call_1", content: "It rains." },
      ],
    })
    expect(turn.input.map(({ type }) => type)).toEqual(["message", "function_call", "function_call_output"])
    expect(turn.input[1]).toMatchObject({ callId: "call_1", name: "look", arguments: "{}" })
    expect(turn.input[2]).toMatchObject({ callId: "call_1", output: [{ type: "text", text: "It rains." }] })
  })

  it("understands the deprecated function_call and function messages", () => {
    const { turn } = parse({
      messages: [
        user,
        { role: "assistant", content: null, function_call: { name: "look", arguments: "{}" } },
        { role: "function", name: "look", content: "It rains." },
      ],
    })
    const [, call, output] = turn.input
    expect(call).toMatchObject({ type: "function_call", name: "look" })
    expect(output).toMatchObject({ callId: call?.type === "function_call" ? call.callId : "none" })
  })

  it.each([
    [undefined, { keepsThread: true, isStored: false }],
    [null, { keepsThread: true, isStored: false }],
    [true, { keepsThread: true, isStored: true }],
    [false, { keepsThread: false, isStored: false }],
  ])("with store %s keeps what the client may expect", (store, kept) => {
    expect(parse({ store }).turn).toMatchObject(kept)
  })

  it("serves effort, a schema of the answer and the usage of a stream", () => {
    const schema = { type: "object", properties: {} }
    const parsed = parse({
      reasoning_effort: "high",
      response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(parsed).toMatchObject({
      turn: { effort: "high", outputSchema: schema },
      stream: true,
      includeUsage: true,
    })
  })

  it("names what has no effect, and repeats metadata", () => {
    const parsed = parse({
      temperature: 0.5,
      seed: 7,
      metadata: { ticket: "42" },
      messages: [{ ...user, name: "ann" }],
    })
    expect(parsed.advisory.toSorted()).toEqual(["messages.name", "seed", "temperature"])
    expect(parsed.turn.echo).toEqual({ metadata: { ticket: "42" } })
  })

  it("lets pass what asks for nothing", () => {
    const harmless = {
      n: 1,
      tools: [],
      functions: [],
      tool_choice: "none",
      logprobs: false,
      top_logprobs: 0,
      modalities: ["text"],
      stop: null,
      unknown_field: { of: "some client" },
    }
    expect(parse(harmless).advisory).toEqual(["unknown_field"])
  })

  it.each<[string, object, string | null, RegExp]>([
    ["no messages", { messages: undefined }, "messages", /Missing required parameter: 'messages'/],
    [
      "a function of a text",
      { tools: [{ type: "function", function: { name: "f", parameters: { type: ["string", "null"] } } }] },
      "tools[0].function.parameters",
      /'f' must be a schema of the type 'object'/,
    ],
    [
      "a required call of one of none",
      {
        tools: [{ type: "function", function: { name: "f" } }],
        tool_choice: { type: "allowed_tools", allowed_tools: { mode: "required", tools: [] } },
      },
      "tool_choice.allowed_tools.tools",
      /which is empty/,
    ],
    ["an empty history", { messages: [] }, "messages", /at least one message/],
    [
      "messages as text",
      { messages: "hello" },
      "messages",
      /expected an array of messages, but got a string/,
    ],
    ["a message that is text", { messages: ["hi"] }, "messages[0]", /expected an object/],
    ["a message without role", { messages: [{ content: "x" }] }, "messages[0].role", /Missing/],
    [
      "an unknown role",
      { messages: [{ role: "robot" }] },
      "messages[0].role",
      /'robot'.*'system', 'developer', 'user'/,
    ],
    ["no content", { messages: [{ role: "user" }] }, "messages[0].content", /Missing/],
    [
      "a wrong part in the second part of the second message",
      { messages: [user, { role: "user", content: [{ type: "text", text: "x" }, { type: "video" }] }] },
      "messages[1].content[1].type",
      /'video'.*'text', 'image_url'/,
    ],
    [
      "a file of nothing",
      { messages: [{ role: "user", content: [{ type: "file", file: {} }] }] },
      "messages[0].content[0].file",
      /needs one of/,
    ],
    [
      "an address without TLS as image",
      {
        messages: [
          { role: "user", content: [{ type: "image_url", image_url: { url: "http://a.b/c.png" } }] },
        ],
      },
      "messages[0].content[0].image_url.url",
      /data URL/,
    ],
    [
      "a PDF as image",
      {
        messages: [
          {
            role: "user",
            content: [{ type: "image_url", image_url: { url: "data:application/pdf;base64,AAAA" } }],
          },
        ],
      },
      "messages[0].content[0].image_url.url",
      /'application\/pdf'.*image\/png/,
    ],
    [
      "broken base64",
      {
        messages: [
          {
            role: "user",
            content: [{ type: "image_url", image_url: { url: "data:image/png;base64,A*AA" } }],
          },
        ],
      },
      "messages[0].content[0].image_url.url",
      /valid base64/,
    ],
    [
      "an assistant without anything",
      { messages: [user, { role: "assistant" }, user] },
      "messages[1].content",
      /Missing/,
    ],
    [
      "an output that answers no call",
      { messages: [user, { role: "tool", tool_call_id: "call_9", content: "x" }] },
      "messages[1].tool_call_id",
      /answers no call/,
    ],
    [
      "a nameless function",
      { tools: [{ type: "function", function: {} }] },
      "tools[0].function.name",
      /Missing/,
    ],
    ["two answers", { n: 2 }, "n", /one answer/],
    ["five stop texts", { stop: ["a", "b", "c", "d", "e"] }, "stop", /at most 4/],
    ["a long stop text", { stop: ["a", "x".repeat(1001)] }, "stop", /more than 1000 characters/],
    ["an empty stop text", { stop: "" }, "stop", /none of them empty/],
    ["a hot temperature", { temperature: 3 }, "temperature", /3; it must be at most 2/],
    ["a wrong type", { stream: "yes" }, "stream", /expected a boolean, but got a string/],
    [
      "stream_options without stream",
      { stream_options: { include_usage: true } },
      "stream_options",
      /'stream' is true/,
    ],
    ["an unknown form", { response_format: { type: "yaml" } }, "response_format.type", /json_object/],
    [
      "a schema without a name",
      { response_format: { type: "json_schema", json_schema: { schema: {} } } },
      "response_format.json_schema.name",
      /Missing/,
    ],
    [
      "17 pairs of metadata",
      { metadata: Object.fromEntries(Array.from("abcdefghijklmnopq", (key) => [key, "x"])) },
      "metadata",
      /at most 16/,
    ],
    [
      "a long value in metadata",
      { metadata: { note: "x".repeat(513) } },
      "metadata.note",
      /at most 512 characters/,
    ],
    ["a long key in metadata", { metadata: { ["k".repeat(65)]: "x" } }, "metadata", /64 characters/],
    [
      "a number in metadata",
      { metadata: { note: 1 } },
      "metadata.note",
      /expected a string, but got a number/,
    ],
  ])("refuses %s and says where and why", (_name, fields, param, message) => {
    const fault = faultOf(fields)
    expect(fault.param).toBe(param)
    expect(fault.message).toMatch(message)
  })

  it.each([null, [], "text", 1])("refuses the body %j", (body) => {
    expect(() => parseChatRequest(body)).toThrow("The body must be a JSON object.")
  })
})

it("rules of schemas that nobody checks are named as advisory, by function and word", () => {
  const odd = { type: "string", pattern: "(?i)a", format: "int32" }
  const parameters = { type: "object", properties: { a: odd, b: odd } }
  const named = (name: string, schema: object) => ({
    type: "function",
    function: { name, parameters: schema },
  })
  const { advisory } = parse({
    tools: [named("plain", { type: "object" }), named("odd", parameters)],
    response_format: {
      type: "json_schema",
      json_schema: { name: "x", schema: { not: { pattern: "^https\\:" } } },
    },
  })
  expect(advisory).toEqual([
    "tools[1].function.parameters.format",
    "tools[1].function.parameters.pattern",
    "response_format.json_schema.schema.pattern",
    "response_format.json_schema.schema.not",
  ])
})

it.each([
  ["only a system message", [{ role: "system", content: "Be brief." }], "Be brief.", []],
  [
    "an assistant's message at the end",
    [user, { role: "assistant", content: "Hi" }],
    null,
    [
      ["user", 1],
      ["assistant", 1],
    ],
  ],
  ["a content of an empty list", [{ role: "user", content: [] }], null, [["user", 0]]],
])("takes %s", (_name, messages, instructions, input) => {
  const { turn } = parse({ messages })
  expect(turn.instructions).toBe(instructions)
  expect(turn.input.map((item) => (item.type === "message" ? [item.role, item.content.length] : []))).toEqual(
    input,
  )
})
