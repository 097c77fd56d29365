import { describe, expect, it } from "vitest"
import type { TurnEvent } from "../../domain/turn-events.ts"
import { ClientCalls } from "./client-calls.ts"
import { ClaudeTurnReader } from "./reader.ts"

/** What is told of a stream that broke off in the middle of a text, and was asked for again. */
function readBrokenOff(behind: (reader: ClaudeTurnReader) => void): readonly TurnEvent[] {
  const told: TurnEvent[] = []
  const calls = new ClientCalls(
    () => {},
    (name) => name,
  )
  const reader = new ClaudeTurnReader({
    push: (event) => told.push(event),
    calls,
    hasSchema: false,
    log: () => {},
  })
  begin(reader, "one")
  reader.read({
    type: "stream_event",
    event: { type: "content_block_delta", index: 0, delta: { text: "Half an" } },
  })
  behind(reader)
  reader.finish(null)
  return told.filter(({ type }) => type === "item.withdrawn" || type === "item.completed")
}

function begin(reader: ClaudeTurnReader, id: string): void {
  reader.read({ type: "stream_event", event: { type: "message_start", message: { id } } })
  if (id !== "silent") {
    reader.read({
      type: "stream_event",
      event: { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    })
  }
}

const half = expect.objectContaining({ status: "incomplete", content: [{ type: "text", text: "Half an" }] })

describe("a text of claude that broke off", () => {
  it("is taken back as soon as the new message says something", () => {
    expect(readBrokenOff((reader) => begin(reader, "two"))).toEqual([
      { type: "item.withdrawn", itemId: "one/1" },
      { type: "item.completed", item: expect.objectContaining({ id: "two/2", status: "incomplete" }) },
    ])
  })

  it("is taken back where the new message calls a function", () => {
    const item = {
      type: "function_call",
      id: "c",
      callId: "c",
      name: "f",
      arguments: "{}",
      status: "completed",
    } as const
    const told = readBrokenOff((reader) => {
      begin(reader, "silent")
      reader.tell({ type: "function.called", item, holdMs: null } as TurnEvent)
    })
    expect(told).toEqual([{ type: "item.withdrawn", itemId: "one/1" }])
  })

  it("is the last that was said where nothing came of the new one", () => {
    expect(readBrokenOff((reader) => begin(reader, "silent"))).toEqual([
      { type: "item.completed", item: half },
    ])
    expect(readBrokenOff(() => {})).toEqual([{ type: "item.completed", item: half }])
  })
})
