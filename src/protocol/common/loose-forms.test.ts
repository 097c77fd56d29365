import { describe, expect, it } from "vitest"
import { parseChatRequest } from "../chat/request.ts"
import { parseResponsesRequest } from "../responses/request.ts"
import { looseChat, looseConversation, looseMetadata, looseResponses } from "./loose-forms.ts"

const user = (content: unknown) => ({ type: "message", role: "user", content })

const png = "data:image/png;base64,iVBORw0KGgo="
const text = (words: string) => ({ type: "text", text: words })
const image = (detail?: string) => ({ type: "input_image", image_url: png, ...(detail && { detail }) })
const chatImage = (detail?: string) => ({
  type: "image_url",
  image_url: { url: png, ...(detail && { detail }) },
})

describe("a looser body of the Responses API", () => {
  it.each<[string, unknown, unknown]>([
    ["an object with a text", { text: "hello" }, "hello"],
    ["a typed object with a text", { type: "input_text", text: "hello" }, "hello"],
    ["a list of texts", ["one", "two"], "one\n\ntwo"],
    [
      "a list of parts of text",
      [{ type: "text", text: "one" }, { text: "two" }, "three"],
      "one\n\ntwo\n\nthree",
    ],
    [
      "one message outside of a list",
      { role: "user", content: "hello" },
      [{ role: "user", content: "hello" }],
    ],
    ["a text between messages", [user("one"), "two"], [user("one"), user("two")]],
    ["a content that is an object with a text", [user({ text: "hello" })], [user("hello")]],
    [
      "a content with bare texts",
      [user(["a", { text: "b" }])],
      [
        user([
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ]),
      ],
    ],
    ["a role in capitals", [{ role: "User", content: "hello" }], [{ role: "user", content: "hello" }]],
    ["no role", [{ content: "hello" }], [{ role: "user", content: "hello" }]],
    ["any role", [{ role: "boss", content: "hello" }], [{ role: "user", content: "boss: hello" }]],
    [
      "any role of an object",
      [{ role: "boss", content: { text: "hi" } }],
      [{ role: "user", content: "boss: hi" }],
    ],
    [
      "any role of parts",
      [{ role: "boss", content: [{ type: "input_text", text: "hi" }] }],
      [{ role: "user", content: [{ type: "input_text", text: "boss: hi" }] }],
    ],
    [
      "any role of a picture",
      [{ role: "boss", content: [{ type: "input_image", file_id: "f" }] }],
      [
        {
          role: "user",
          content: [
            { type: "text", text: "boss: " },
            { type: "input_image", file_id: "f" },
          ],
        },
      ],
    ],
    ["a picture beside the text", { text: "look", image_url: png }, [user([text("look"), image()])]],
    [
      "a picture in the other API's form",
      { type: "text", text: "look", image_url: { url: png, detail: "low" } },
      [user([text("look"), image("low")])],
    ],
    [
      "a picture among texts",
      ["a", { text: "look", image_url: png, detail: "high" }, { text: "b" }],
      [user([text("a"), text("look"), image("high"), text("b")])],
    ],
    [
      "a picture in a content",
      [user({ text: "look", image_url: png }), user([text("a"), { text: "b", image_url: png }])],
      [user([text("look"), image()]), user([text("a"), text("b"), image()])],
    ],
    [
      "a picture beside the content, of any role",
      [{ role: "boss", content: "look", image_url: png }],
      [{ role: "user", content: [text("boss: look"), image()] }],
    ],
    ["nothing beside the text", { text: "a", content: null, image_url: null, files: [] }, "a"],
    [
      "the same words twice",
      { role: "user", content: "a", text: "a" },
      [{ role: "user", content: "a", text: "a" }],
    ],
    ["what is no content beside the text", { text: "a", channel: "c1", ts: 5, source: "slack" }, "a"],
  ])("with %s is read as what it means", (_name, input, expected) => {
    const body = looseResponses({ model: "manager", input })
    expect(body).toEqual({ model: "manager", input: expected })
    expect(() => parseResponsesRequest(body)).not.toThrow()
  })

  it.each<[string, unknown, string]>([
    ["a number", 5, "input"],
    ["an object without a text", { words: "hi" }, "input"],
    ["a text that is none", { text: 5 }, "input"],
    ["a list with a number", ["a", 5], "input[1]"],
    ["a role that is no text", [{ role: 5, content: "x" }], "input[0].role"],
    ["a role with a line break", [{ role: "a\nb", content: "x" }], "input[0].role"],
    ["a role of no words", [{ role: " ", content: "x" }], "input[0].role"],
    ["a role of a tool, which chat completions have", [{ role: "tool", content: "x" }], "input[0].role"],
    ["a content that is a number", [user(5)], "input[0].content"],
    ["a content with a number", [user(["a", 5])], "input[0].content[1]"],
    ["an unknown part", [user([{ type: "video", text: "x" }])], "input[0].content[0].type"],
    ["no content", [{ role: "user" }], "input[0].content"],
    ["an unknown item", [{ type: "dream", text: "x" }], "input[0].type"],
    ["nothing but empty texts", [""], "input"],
    ["two texts", { text: "a", content: "b" }, "input[0].text"],
    ["two texts in a message", [{ role: "user", content: "b", text: "a" }], "input[0].text"],
    ["two texts of any role", [{ role: "boss", content: "b", text: "a" }], "input[0].text"],
    ["a file beside a text", { text: "a", file: { file_id: "f" } }, "input.file"],
    ["a file beside a text of a list", ["x", { text: "a", file_id: "f" }], "input[1].file_id"],
    ["a part beside a text", { text: "a", input_image: { image_url: png } }, "input.input_image"],
    ["parts beside a text", { text: "a", parts: [{ text: "b" }] }, "input.parts"],
    ["pictures beside a text", { type: "input_text", text: "a", images: [png] }, "input.images"],
    ["sound beside a text", { text: "a", inputAudio: { data: "AAAA" } }, "input.inputAudio"],
    ["a source of bytes beside a text", { text: "a", source: { data: "AAAA" } }, "input.source"],
    ["a data URL beside a text", { text: "a", avatar: png }, "input.avatar"],
    ["an address beside a text", { text: "a", url: "https://example.com/a.png" }, "input.url"],
    ["a picture that is none", { text: "a", image_url: 5 }, "input.image_url"],
    ["a picture of http", { text: "a", image_url: "http://example.com/a.png" }, "input.image_url"],
    ["a detail that is none", { text: "a", image_url: png, detail: "huge" }, "input.detail"],
    ["a picture and a file", { text: "a", image_url: png, file_id: "f" }, "input.file_id"],
    ["a file beside a content", [user({ text: "a", file_id: "f" })], "input[0].content.file_id"],
    ["a file in a content", [user(["x", { text: "a", file_id: "f" }])], "input[0].content[1].file_id"],
    ["files beside a message", [{ role: "user", content: "a", files: ["f"] }], "input[0].files"],
    ["a picture beside parts", [{ ...user([text("a")]), image_url: png }], "input[0].image_url"],
  ])("with %s is refused by the name of the field", (_name, input, param) => {
    expect(() => parseResponsesRequest(looseResponses({ input }))).toThrow(expect.objectContaining({ param }))
  })

  it("stays the very same where there is nothing to read otherwise", () => {
    const input = [
      user("a"),
      user([{ type: "input_text", text: "b" }, image()]),
      { id: "msg_1" },
      { type: "reasoning", summary: [] },
    ]
    const body = { input, metadata: { a: "b" }, tools: [] }
    expect(looseResponses(body)).toBe(body)
    for (const each of [null, "x", [], { input: "x" }]) expect(looseResponses(each)).toBe(each)
  })
})

describe("a looser body of chat completions", () => {
  it.each<[string, unknown, unknown]>([
    [
      "a content that is an object",
      [{ role: "user", content: { text: "hi" } }],
      [{ role: "user", content: "hi" }],
    ],
    [
      "a content of bare texts",
      [{ role: "user", content: ["a", { type: "input_text", text: "b" }] }],
      [
        {
          role: "user",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
      ],
    ],
    ["any role", [{ role: "boss", content: "hi" }], [{ role: "user", content: "boss: hi" }]],
    [
      "a role in capitals",
      [
        { role: "SYSTEM", content: "s" },
        { role: "User", content: "hi" },
      ],
      [
        { role: "system", content: "s" },
        { role: "user", content: "hi" },
      ],
    ],
    ["bare texts", ["hi"], [{ role: "user", content: "hi" }]],
    [
      "texts as parts, between messages",
      [{ type: "text", text: "a" }, { role: "assistant", content: "b" }, { text: "c" }],
      [
        { role: "user", content: "a" },
        { role: "assistant", content: "b" },
        { role: "user", content: "c" },
      ],
    ],
    ["one message outside of a list", { role: "user", content: "hi" }, [{ role: "user", content: "hi" }]],
    [
      "a picture beside the text",
      [{ text: "look", image_url: png }],
      [{ role: "user", content: [text("look"), chatImage()] }],
    ],
    [
      "a picture in a content",
      [
        { role: "user", content: { text: "look", image_url: { url: png, detail: "low" } } },
        { role: "user", content: [{ type: "input_text", text: "b", image_url: png }] },
      ],
      [
        { role: "user", content: [text("look"), chatImage("low")] },
        { role: "user", content: [text("b"), chatImage()] },
      ],
    ],
    [
      "a picture beside the content",
      [{ role: "user", content: "look", image_url: png }],
      [{ role: "user", content: [text("look"), chatImage()] }],
    ],
  ])("with %s is read as what it means", (_name, messages, expected) => {
    const body = looseChat({ messages })
    expect(body).toEqual({ messages: expected })
    expect(() => parseChatRequest(body)).not.toThrow()
  })

  it.each<[string, unknown, string]>([
    ["two texts", { text: "a", content: "b" }, "messages[0].text"],
    ["two texts in a message", [{ role: "user", content: "b", text: "a" }], "messages[0].text"],
    ["a file beside a text", [{ text: "a", file: { file_id: "f" } }], "messages[0].file"],
    [
      "a file in a content",
      [
        {
          role: "user",
          content: [
            { type: "text", text: "a", file: {} },
            { text: "a", file_id: "f" },
          ],
        },
      ],
      "messages[0].content[1].file_id",
    ],
    ["pictures beside the content", [{ role: "user", content: "a", images: ["AAAA"] }], "messages[0].images"],
    [
      "other parts beside the content",
      [{ role: "user", content: "a", parts: [text("b")] }],
      "messages[0].parts",
    ],
    ["a picture of http", [{ text: "a", image_url: "http://x/a.png" }], "messages[0].image_url"],
  ])("with %s is refused by the name of the field", (_name, messages, param) => {
    expect(() => parseChatRequest(looseChat({ messages }))).toThrow(expect.objectContaining({ param }))
  })

  it("keeps tool messages and calls as they are, and names the field of what is wrong", () => {
    const call = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }
    const body = {
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "call_1", content: "x" },
      ],
    }
    expect(looseChat(body)).toBe(body)
    expect(() => parseChatRequest(looseChat({ messages: [{ role: "user" }] }))).toThrow(
      expect.objectContaining({ param: "messages[0].content" }),
    )
  })
})

it("metadata keeps values that are no texts as JSON text, within its bounds", () => {
  const metadata = { user: "ann", n: 5, tags: ["a"], deep: { on: true }, none: null }
  const texts = { user: "ann", n: "5", tags: '["a"]', deep: '{"on":true}', none: "null" }
  expect(looseChat({ metadata })).toEqual({ metadata: texts })
  expect(looseResponses({ input: "x", metadata })).toEqual({ input: "x", metadata: texts })
  expect(looseConversation({ metadata })).toEqual({ metadata: texts })
  expect(looseMetadata({ metadata })).toEqual({ metadata: texts })
  for (const each of [null, {}, { metadata: null }, { metadata: { a: "b" } }]) {
    expect(looseMetadata(each)).toBe(each)
  }
  const long = looseResponses({ input: "x", metadata: { long: ["x".repeat(600)] } })
  expect(() => parseResponsesRequest(long)).toThrow(expect.objectContaining({ param: "metadata.long" }))
  const unsafe = looseResponses(JSON.parse('{"input": "x", "metadata": {"__proto__": {"a": 1}}}'))
  expect(JSON.stringify(unsafe)).toBe('{"input":"x","metadata":{"__proto__":"{\\"a\\":1}"}}')
})

it("items of a conversation are read in the same way, each at its place", () => {
  expect(looseConversation({ items: ["a", { role: "boss", content: { text: "b" } }] })).toEqual({
    items: [user("a"), { role: "user", content: "boss: b" }],
  })
  expect(looseConversation({ items: ["a", { text: "look", image_url: png }] })).toEqual({
    items: [user("a"), user([text("look"), image()])],
  })
  expect(() => looseConversation({ items: ["a", { text: "b", file_id: "f" }] })).toThrow(
    expect.objectContaining({ param: "items[1].file_id" }),
  )
  const one = { role: "user", content: "a" }
  expect(looseConversation({ items: one })).toEqual({ items: [one] })
  const parts = [{ type: "text", text: "a" }, user("b")]
  expect(looseConversation({ items: parts })).toEqual({ items: [user("a"), user("b")] })
})
