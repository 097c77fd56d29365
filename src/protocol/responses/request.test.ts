import { describe, expect, it } from "vitest"
import { parseResponsesRequest } from "./request.ts"

const png = "data:image/png;base64,iVBORw0KGgo="

function parse(fields: object) {
  return parseResponsesRequest({ model: "manager", input: "hello", ...fields })
}

describe("a Responses request", () => {
  it("needs nothing but an input, and is stored", () => {
    expect(parseResponsesRequest({ input: "hello" })).toMatchObject({
      turn: {
        kind: "response",
        model: "manager",
        instructions: null,
        input: [{ type: "message", role: "user", content: [{ type: "text", text: "hello" }] }],
        keepsThread: true,
        isStored: true,
        echo: {},
      },
      stream: false,
      advisory: [],
    })
  })

  it("leaves nothing when store is false", () => {
    expect(parse({ store: false }).turn).toMatchObject({ keepsThread: false, isStored: false })
  })

  it("goes to a conversation by its id in both forms, which it needs no input for, and stays there", () => {
    for (const conversation of ["conv_1", { id: "conv_1" }]) {
      const { turn } = parseResponsesRequest({ conversation, store: false })
      expect(turn).toMatchObject({
        conversationId: "conv_1",
        input: [],
        keepsThread: true,
        isStored: false,
        echo: { conversation: { id: "conv_1" } },
      })
    }
    // The call may be in the conversation, which only the engine knows.
    const output = { type: "function_call_output", call_id: "call_1", output: "x" }
    expect(parse({ conversation: "conv_1", input: [output] }).turn.input).toHaveLength(1)
  })

  it("reads messages with and without type, of all roles", () => {
    const { turn } = parse({
      input: [
        { role: "system", content: "Be brief." },
        {
          type: "message",
          role: "user",
          content: [
            { type: "input_text", text: "a" },
            { type: "input_image", image_url: png, detail: "auto" },
          ],
        },
        {
          role: "assistant",
          content: [{ type: "output_text", text: "b", annotations: [] }],
          phase: "commentary",
        },
        { role: "assistant", content: [{ type: "refusal", refusal: "c" }] },
        { role: "developer", content: "d" },
        { role: "user", content: "e" },
      ],
    })
    expect(turn.instructions).toBeNull()
    expect(turn.input).toMatchObject([
      { role: "developer", content: [{ text: "Be brief." }] },
      { role: "user", content: [{ text: "a" }, { type: "image", url: png, detail: "auto" }] },
      { role: "assistant", content: [{ text: "b" }], phase: "commentary" },
      { role: "assistant", content: [{ text: "c" }], phase: null },
      { role: "developer", content: [{ text: "d" }] },
      { role: "user", content: [{ text: "e" }] },
    ])
  })

  it("reads function calls with outputs of text or parts", () => {
    const call = { type: "function_call", call_id: "call_1", name: "look", arguments: "{}" }
    const output = [
      { type: "input_text", text: "It rains." },
      { type: "input_image", image_url: png },
    ]
    const { turn } = parse({
      input: [
        call,
        { type: "function_call_output", call_id: "call_1", output },
        { type: "function_call_output", call_id: "call_1", output: "x" },
      ],
    })
    expect(turn.input).toMatchObject([
      { type: "function_call", callId: "call_1" },
      { output: [{ text: "It rains." }, { type: "image", url: png }] },
      { output: [{ text: "x" }] },
    ])
  })

  it("takes an output without its call where an earlier response may have it", () => {
    const input = [{ type: "function_call_output", call_id: "call_1", output: "x" }]
    expect(parse({ input, previous_response_id: "resp_1" }).turn.previousResponseId).toBe("resp_1")
    expect(() => parse({ input })).toThrow(expect.objectContaining({ param: "input[0].call_id" }))
  })

  it("repeats what it was given, and names what has no effect", () => {
    const schema = { type: "object" }
    const parsed = parse({
      instructions: "Be brief.",
      temperature: 0,
      truncation: "auto",
      include: ["reasoning.encrypted_content"],
      reasoning: { effort: "low", summary: "auto" },
      text: { format: { type: "json_schema", name: "answer", schema }, verbosity: "low" },
      metadata: {},
      max_output_tokens: null,
    })
    expect(parsed.turn).toMatchObject({ instructions: "Be brief.", effort: "low", outputSchema: schema })
    expect(parsed.turn.echo).toEqual({
      instructions: "Be brief.",
      temperature: 0,
      truncation: "auto",
      metadata: {},
      tools: [],
      reasoning: { effort: "low", summary: "auto" },
      text: {
        format: { type: "json_schema", name: "answer", description: null, schema, strict: false },
        verbosity: "low",
      },
    })
    expect(parsed.advisory.toSorted()).toEqual([
      "include",
      "reasoning.summary",
      "temperature",
      "text.verbosity",
      "truncation",
    ])
  })

  it.each([{}, { verbosity: "low" }])("takes %j for a text in any form", (text) => {
    const { turn } = parse({ text })
    expect(turn.outputSchema).toBeNull()
    expect(turn.echo.text).toEqual({ format: { type: "text" }, ...text })
  })

  it.each<[string, object, string, RegExp]>([
    ["no input", { input: undefined }, "input", /Missing/],
    ["an empty input", { input: "" }, "input", /must not be empty/],
    ["an empty list", { input: [] }, "input", /at least one item/],
    ["a number", { input: 7 }, "input", /expected a string or an array of items/],
    [
      "an unknown item",
      { input: [{ role: "user", content: "x" }, { type: "slug:x" }] },
      "input[1].type",
      /'slug:x'.*'message'/,
    ],
    ["a type that is no text", { input: [{ type: { a: 1 } }] }, "input[0].type", /an object/],
    ["an item reference", { input: [{ type: "item_reference", id: "msg_1" }] }, "input[0]", /item reference/],
    ["an item reference without type", { input: [{ id: "msg_1" }] }, "input[0]", /item reference/],
    [
      "a file from two places",
      { input: [{ role: "user", content: [{ type: "input_file", file_id: "f", file_data: "eA==" }] }] },
      "input[0].content[0]",
      /only one of/,
    ],
    [
      "sound",
      { input: [{ role: "user", content: [{ type: "input_audio", input_audio: {} }] }] },
      "input[0].content[0].type",
      /agents take no audio/,
    ],
    [
      "an address without TLS as image",
      { input: [{ role: "user", content: [{ type: "input_image", image_url: "http://a.b/c.png" }] }] },
      "input[0].content[0].image_url",
      /data URL/,
    ],
    ["a background response that is not kept", { background: true, store: false }, "background", /'store'/],
    ["a conversation without an id", { conversation: {} }, "conversation", /Invalid value/],
    [
      "a conversation and a response",
      { conversation: "conv_1", previous_response_id: "resp_1" },
      "conversation",
      /exclude each other/,
    ],
    ["log probabilities", { include: ["message.output_text.logprobs"] }, "include", /log probabilities/],
    ["an unknown include", { include: ["everything"] }, "include[0]", /'everything'/],
    ["a hosted tool", { tools: [{ type: "file_search" }] }, "tools[0].type", /'file_search'.*its own tools/],
    [
      "a server that is to be added",
      { tools: [{ type: "mcp", server_label: "s", server_url: "https://s.example" }] },
      "tools[0].server_url",
      /adds no servers/,
    ],
    [
      "a server with an approval that nobody is asked for",
      { tools: [{ type: "mcp", server_label: "codex", require_approval: "always" }] },
      "tools[0].require_approval",
      /permissions/,
    ],
    [
      "a server of which only some tools are allowed",
      { tools: [{ type: "mcp", server_label: "codex", allowed_tools: ["shell"] }] },
      "tools[0].allowed_tools",
      /as it likes/,
    ],
    [
      "a function that runs beside the turn",
      { tools: [{ type: "function", name: "f", async: true }] },
      "tools[0].async",
      /waits for its output/,
    ],
    [
      "images that are to be compressed",
      { image: { context_compression: "enabled" } },
      "image.context_compression",
      /'auto' passes/,
    ],
    [
      "images that are to be treated in no known way",
      { image: { context_compression: "some" } },
      "image.context_compression",
      /'auto', 'enabled', 'disabled'/,
    ],
    ["a nameless function", { tools: [{ type: "function" }] }, "tools[0].name", /Missing/],
    ["a required call of nothing", { tool_choice: "required" }, "tool_choice", /'tools' has no function/],
    [
      "a named call of nothing",
      { tool_choice: { type: "function", name: "f" } },
      "tool_choice",
      /'tools' has no function/,
    ],
    [
      "a required call of one of none",
      {
        tools: [{ type: "function", name: "f" }],
        tool_choice: { type: "allowed_tools", mode: "required", tools: [] },
      },
      "tool_choice.tools",
      /which is empty/,
    ],
    [
      "a function of a list",
      { tools: [{ type: "function", name: "f", parameters: { type: "array" } }] },
      "tools[0].parameters",
      /'f' must be a schema of the type 'object'/,
    ],
    [
      "a choice of an unknown function",
      { tools: [{ type: "function", name: "f" }], tool_choice: { type: "function", name: "g" } },
      "tool_choice.name",
      /'g'.*'f'/,
    ],
    ["an unknown form", { text: { format: { type: "yaml" } } }, "text.format.type", /json_object/],
    ["a wrong effort", { reasoning: { effort: 3 } }, "reasoning.effort", /expected a string/],
    ["an instruction list", { instructions: [] }, "instructions", /expected a string, but got an array/],
  ])("refuses %s and says where and why", (_name, fields, param, message) => {
    expect(() => parse(fields)).toThrow(
      expect.objectContaining({ code: "invalid_request", param, message: expect.stringMatching(message) }),
    )
  })

  it("repeats what a function says about itself, and names what of it has no effect", () => {
    const flags = { allowed_callers: ["direct", "programmatic"], defer_loading: true, output_schema: {} }
    const { turn, advisory } = parse({
      tools: [
        { type: "function", name: "f", strict: true, async: false, ...flags },
        { type: "function", name: "g", async: null, defer_loading: null },
      ],
    })
    const plain = { type: "function", description: null, parameters: null }
    expect(turn.echo.tools).toEqual([
      { ...plain, name: "f", strict: true, async: false, ...flags },
      { ...plain, name: "g", strict: false },
    ])
    expect(advisory).toEqual(["tools.defer_loading", "tools.output_schema", "tools.allowed_callers"])
  })

  it("takes the agent's own server as declared", () => {
    const { turn, advisory, declaredServers } = parse({
      tools: [{ type: "mcp", server_label: "codex", require_approval: "never", server_url: null }],
    })
    expect([turn.tools, turn.echo.tools, declaredServers, advisory]).toEqual([[], [], ["codex"], []])
  })

  it("takes images of which nothing else is wanted than agents do", () => {
    const policy = (context_compression: unknown) => parse({ image: { context_compression } }).advisory
    expect([policy("auto"), policy(null), parse({ image: {} }).advisory]).toEqual([[], [], []])
    expect(policy("disabled")).toEqual(["image.context_compression"])
  })
})

it("rules of schemas that nobody checks are named as advisory, by function and word, and not without end", () => {
  const lost = { type: "object", patternProperties: { "a++": {} } }
  const odd = (index: number) => ({ type: "function", name: `f${index}`, parameters: lost })
  const format = { type: "json_schema", name: "x", schema: { $schema: "https://example.com/own" } }
  const { advisory } = parse({
    tools: [{ type: "web_search" }, ...Array.from({ length: 60 }, (_, index) => odd(index))],
    text: { format },
  })
  expect(advisory.slice(0, 2)).toEqual(["tools.web_search", "tools[1].parameters.patternProperties"])
  expect(advisory).toHaveLength(21)
  expect(advisory.at(-1)).toBe("text.format.schema.$schema")
})
