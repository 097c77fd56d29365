import { expect, it } from "vitest"
import type { TurnEvent } from "../../domain/turn-events.ts"
import { parseUpdate } from "./protocol.ts"
import { AcpTurnReader } from "./reader.ts"

function read(updates: readonly Readonly<Record<string, unknown>>[]) {
  const events: TurnEvent[] = []
  const reader = new AcpTurnReader({
    push: (event) => events.push(event),
    server: "qwen",
    cwd: "/",
    isClientCall: () => false,
    holdsErrors: false,
    takesInfos: false,
  })
  for (const update of updates) {
    const parsed = parseUpdate({ sessionId: "s", update }, "{}")
    if (parsed !== null) reader.read(parsed.update)
  }
  reader.finish(false)
  return { reader, events }
}

const words = (text: string, _meta?: unknown) => ({
  sessionUpdate: "agent_message_chunk",
  content: { type: "text", text },
  _meta,
})

it("tokens that are told behind the words of each model request are added up, and are no words", () => {
  const usage = { inputTokens: 1234, outputTokens: 56, totalTokens: 1290, cachedReadTokens: 1000 }
  const { reader, events } = read([
    words("hello"),
    words("", { usage, durationMs: 872 }),
    words("", { usage, durationMs: 95 }),
  ])
  expect(reader.usage).toEqual({
    inputTokens: 2468,
    cachedInputTokens: 2000,
    outputTokens: 112,
    reasoningTokens: 0,
  })
  expect(events.map(({ type }) => type)).toEqual(["item.started", "item.delta", "item.completed"])
})

it("what a program keeps beside its words for itself costs none of them", () => {
  const { reader, events } = read([
    words("one ", { usage: "much" }),
    words("two", "anything"),
    words("", { usage: { inputTokens: -1 } }),
  ])
  expect(reader.usage).toBeNull()
  expect(events.flatMap((event) => (event.type === "item.delta" ? [event.text] : []))).toEqual([
    "one ",
    "two",
  ])
})
