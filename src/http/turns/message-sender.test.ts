import { expect, it } from "vitest"
import { MessageSender } from "./socket-writer.ts"

it.each([
  { what: "a short delta", message: { type: "t", delta: "word" }, isLong: false },
  {
    what: "an edit's arguments in one delta",
    message: { type: "t", delta: "x".repeat(20_000) },
    isLong: true,
  },
  {
    what: "an item with a long text",
    message: { type: "t", item: { output: "x".repeat(20_000) } },
    isLong: true,
  },
])("$what waits for its reader: $isLong", ({ message, isLong }) => {
  expect(MessageSender.isLong(message)).toBe(isLong)
})
