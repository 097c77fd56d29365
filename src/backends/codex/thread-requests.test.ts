import { describe, expect, it } from "vitest"
import type { MessageItem, Role } from "../../domain/items.ts"
import { injectChunks, splitMessages } from "./thread-requests.ts"

function message(role: Role, text: string): MessageItem {
  return {
    type: "message",
    id: "m",
    role,
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}

describe("the input of a turn", () => {
  it("is the last message of the user; what comes before it goes into the thread", () => {
    const messages = [message("user", "a"), message("developer", "b"), message("user", "c")]
    const { injected, input } = splitMessages(messages)
    expect(injected).toEqual(messages.slice(0, 2))
    expect(input).toEqual([{ type: "text", text: "c", text_elements: [] }])
  })

  it("is empty when the last message is not the user's, is too long for it, or is missing", () => {
    for (const messages of [[message("developer", "a")], [message("user", "x".repeat(1_000_001))], []]) {
      expect(splitMessages(messages)).toEqual({ injected: messages, input: [] })
    }
  })

  it("passes images on", () => {
    const image = { type: "image", url: "data:image/png;base64,AA==", detail: "high" } as const
    expect(splitMessages([{ ...message("user", ""), content: [image] }]).input).toEqual([image])
  })
})

describe("cutting injected items", () => {
  it("keeps the order, and bounds number and size of a request", () => {
    const items = Array.from({ length: 1_200 }, (_, index) => ({ index }))
    const chunks = injectChunks(items)
    expect(chunks.flat()).toEqual(items)
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBe(500)
    const large = Array.from({ length: 5 }, () => ({ text: "x".repeat(3_000_000) }))
    expect(injectChunks(large).map((chunk) => chunk.length)).toEqual([1, 1, 1, 1, 1])
    expect(injectChunks([])).toEqual([])
  })
})
