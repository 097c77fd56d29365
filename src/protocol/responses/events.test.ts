import { describe, expect, it } from "vitest"
import type { Item } from "../../domain/items.ts"
import type { ResponseEvent } from "../../domain/response-events.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { encodeResponsesSse, toWireEvent } from "./events.ts"

const message: Item = {
  type: "message",
  id: 'msg_"1"',
  role: "assistant",
  content: [{ type: "text", text: "Hello" }],
  phase: null,
  status: "completed",
}
const record: ResponseRecord = {
  id: "resp_1",
  kind: "response",
  principal: "local",
  agentId: "manager",
  previousResponseId: null,
  isStored: true,
  isBackground: false,
  echo: {},
  createdAt: 1000,
  status: "completed",
  completedAt: 2000,
  error: null,
  usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0 },
  output: [message],
}
const source = {
  record,
  serverLabel: "codex",
  itemAt: (index: number) => (index === 3 ? message : undefined),
}

describe("an event of the Responses stream", () => {
  it.each(["plain", 'quote " and \\', "line\nend\u2028", "🌧️", "\ud83c", "\u0000", ""])(
    "is the same text for the delta %j, written by hand or by JSON.stringify",
    (text) => {
      const event: ResponseEvent = { type: "text.delta", outputIndex: 3, partIndex: 0, text }
      const generic = `event: response.output_text.delta\ndata: ${JSON.stringify(toWireEvent(event, 17, source))}\n\n`
      expect(encodeResponsesSse(event, 17, source)).toBe(generic)
    },
  )

  it("shows a response that is finished as it was when the event was new", () => {
    const { response } = toWireEvent({ type: "created" }, 0, source)
    expect(response).toMatchObject({ status: "in_progress", output: [], usage: null, completed_at: null })
  })

  it("falls back on the record's output for items that the reader did not follow", () => {
    const event: ResponseEvent = { type: "part.done", outputIndex: 0, partIndex: 0 }
    expect(toWireEvent(event, 5, source)).toMatchObject({ item_id: message.id, part: { text: "Hello" } })
  })

  it("of an item that nobody knows is a fault of ours, not of the client", () => {
    const event: ResponseEvent = { type: "part.done", outputIndex: 9, partIndex: 0 }
    expect(() => toWireEvent(event, 5, source)).toThrow(expect.objectContaining({ code: "internal_error" }))
  })
})
