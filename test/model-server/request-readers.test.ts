import { expect, test } from "vitest"
import { conversationOf, developerTextOf, imagesOf, toolOutputsOf } from "./request-readers.ts"
import type { ResponsesBody } from "./wire.ts"

const png = `data:image/png;base64,${Buffer.from("12345").toString("base64")}`
const body: ResponsesBody = {
  model: "m",
  instructions: "base",
  input: [
    { type: "message", role: "developer", content: [{ type: "input_text", text: "dev" }] },
    {
      type: "message",
      role: "user",
      content: [
        { type: "input_text", text: "# AGENTS.md instructions for /x" },
        { type: "input_text", text: "<environment_context>x</environment_context>" },
      ],
    },
    {
      type: "message",
      role: "user",
      content: [
        { type: "input_text", text: "look" },
        { type: "input_image", image_url: png },
      ],
    },
    { type: "function_call", call_id: "1", name: "f", arguments: "{}" },
    { type: "custom_tool_call", call_id: "2", name: "exec", input: "" },
    { type: "function_call_output", call_id: "1", output: "one" },
    {
      type: "custom_tool_call_output",
      call_id: "2",
      output: [
        { type: "input_text", text: "head" },
        { type: "input_text", text: "body" },
      ],
    },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "seen" }] },
  ],
}

test("the conversation is what the person and the agent said", () => {
  expect(conversationOf({ body })).toEqual([
    { role: "user", text: "look" },
    { role: "assistant", text: "seen" },
  ])
})

test("tool outputs carry the name of their call, in both forms", () => {
  expect(toolOutputsOf({ body })).toEqual([
    { callId: "1", name: "f", text: "one" },
    { callId: "2", name: "exec", text: "head\nbody" },
  ])
})

test("images are described by type and size", () => {
  expect(imagesOf({ body })).toEqual([{ mediaType: "image/png", bytes: 5, url: png }])
})

test("developer text is instructions and developer messages", () => {
  expect(developerTextOf({ body })).toBe("base\n\ndev")
})
