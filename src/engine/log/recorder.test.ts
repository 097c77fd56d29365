import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Item, MessageItem } from "../../domain/items.ts"
import type { ResponseEvent } from "../../domain/response-events.ts"
import { Recorder } from "./recorder.ts"
import { ResponseLog } from "./response-log.ts"

function message(id: string, text: string, phase: MessageItem["phase"] = null): MessageItem {
  return {
    type: "message",
    id,
    role: "assistant",
    content: [{ type: "text", text }],
    phase,
    status: "completed",
  }
}

function setUp() {
  const log = new ResponseLog()
  const events = () => {
    log.release(Number.POSITIVE_INFINITY)
    return log.read(0, 10_000)
  }
  return { log, recorder: new Recorder(log), events }
}

function typesOf(events: readonly ResponseEvent[]): string[] {
  return events.map((event) => event.type)
}

function deltasOf(events: readonly ResponseEvent[], type: ResponseEvent["type"]): string {
  return events.map((event) => (event.type === type && "text" in event ? event.text : "")).join("")
}

describe("Recorder", () => {
  it("tells a text that came as a whole in several deltas of whole characters", () => {
    const { recorder, events } = setUp()
    const text = "a😀".repeat(20_000)
    recorder.record({ type: "item.completed", item: message("n1", text) })
    const deltas = events().flatMap((event) => (event.type === "text.delta" ? event.text : []))
    expect(deltas.length).toBeGreaterThan(1)
    expect(Math.max(...deltas.map(({ length }) => length))).toBeLessThanOrEqual(16 * 1024 + 1)
    expect(deltas.every((delta) => delta.isWellFormed())).toBe(true)
    expect(deltas.join("")).toBe(text)
  })

  it("ends a text that is withdrawn as incomplete, in its log alone, which can be stored and read again", () => {
    const { log, recorder, events } = setUp()
    recorder.record({ type: "item.started", item: message("n1", "") })
    recorder.record({ type: "item.delta", itemId: "n1", channel: "text", index: 0, text: "Hal" })
    recorder.record({ type: "item.withdrawn", itemId: "n1" })
    recorder.record({ type: "item.withdrawn", itemId: "n1" })
    recorder.record({ type: "item.delta", itemId: "n2", channel: "summary", index: 0, text: "Hm" })
    recorder.record({ type: "item.withdrawn", itemId: "n2" })
    recorder.record({ type: "item.completed", item: message("n3", "Whole") })
    const told = events()
    expect(told.map((event) => ("outputIndex" in event ? `${event.outputIndex} ${event.type}` : ""))).toEqual(
      [
        "0 item.added",
        "0 part.added",
        "0 text.delta",
        "0 text.done",
        "0 part.done",
        "0 item.withdrawn",
        "1 item.added",
        "1 summary.added",
        "1 summary.delta",
        "1 summary.done",
        "1 summary.part_done",
        "1 item.withdrawn",
        "2 item.added",
        "2 part.added",
        "2 text.delta",
        "2 text.done",
        "2 part.done",
        "2 item.done",
      ],
    )
    expect(told[5]).toMatchObject({ item: { status: "incomplete", content: [{ text: "Hal" }] } })
    expect(recorder.output).toMatchObject([{ content: [{ text: "Whole" }] }])
    expect(recorder.shown).toHaveLength(3)
    const segment = log.takeUnsaved()
    if (segment === null) throw new Error("nothing to store")
    const stored = JSON.parse(JSON.stringify([segment]))
    expect(ResponseLog.restore(stored, recorder.output).read(0, 100)).toEqual(told)
  })

  it("says whose work it was", () => {
    const recorder = new Recorder(new ResponseLog(), "codex")
    const command = { type: "command", id: "c", command: "ls", cwd: null, output: "", exitCode: 0 } as const
    recorder.record({ type: "item.completed", item: { ...command, status: "completed" } })
    recorder.record({
      type: "item.completed",
      item: { type: "file_change", id: "f", changes: [], status: "completed" },
    })
    expect(recorder.output).toMatchObject([{ server: "codex" }, { server: "codex" }])
  })

  it("announces, streams and ends a message in the order of the API", () => {
    const { recorder, events } = setUp()
    recorder.record({ type: "item.started", item: message("n1", "") })
    recorder.record({ type: "item.delta", itemId: "n1", channel: "text", index: 0, text: "Hel" })
    recorder.record({ type: "item.delta", itemId: "n1", channel: "text", index: 0, text: "lo" })
    recorder.record({ type: "item.completed", item: message("n1", "Hello") })
    expect(typesOf(events())).toEqual([
      "item.added",
      "part.added",
      "text.delta",
      "text.delta",
      "text.done",
      "part.done",
      "item.done",
    ])
    expect(recorder.output).toMatchObject([{ content: [{ text: "Hello" }], status: "completed" }])
  })

  it("gives ids of its own and keeps one per item", () => {
    const { recorder, events } = setUp()
    recorder.record({ type: "item.completed", item: message("msg_native", "x") })
    const ids = events().flatMap((event) => ("item" in event ? [event.item.id] : []))
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^msg_[0-9a-f]{32}$/)
  })

  it("makes the missing deltas of an item that came whole", () => {
    const { recorder, events } = setUp()
    recorder.record({ type: "item.delta", itemId: "n1", channel: "text", index: 0, text: "Hel" })
    recorder.record({ type: "item.completed", item: message("n1", "Hello") })
    expect(deltasOf(events(), "text.delta")).toBe("Hello")
    expect(deltasOf(events(), "text.done")).toBe("Hello")
  })

  it("never takes back what was sent: a final text that differs loses against the deltas", () => {
    const { recorder, events } = setUp()
    recorder.record({ type: "item.delta", itemId: "n1", channel: "text", index: 0, text: "sent" })
    recorder.record({ type: "item.completed", item: message("n1", "other") })
    expect(deltasOf(events(), "text.done")).toBe("sent")
    expect(recorder.output).toMatchObject([{ content: [{ text: "sent" }] }])
  })

  it("opens and closes each part of a reasoning summary", () => {
    const { recorder, events } = setUp()
    const reasoning: Item = { type: "reasoning", id: "r", summary: ["one", "two"], status: "completed" }
    recorder.record({ type: "item.delta", itemId: "r", channel: "summary", index: 0, text: "one" })
    recorder.record({ type: "item.completed", item: reasoning })
    expect(typesOf(events())).toEqual([
      "item.added",
      "summary.added",
      "summary.delta",
      "summary.done",
      "summary.part_done",
      "summary.added",
      "summary.delta",
      "summary.done",
      "summary.part_done",
      "item.done",
    ])
  })

  it("shows a command as a call that the agent made itself", () => {
    const { recorder, events } = setUp()
    const command: Item = {
      type: "command",
      id: "c",
      command: "false",
      cwd: null,
      output: "no",
      exitCode: 1,
      status: "failed",
    }
    recorder.record({ type: "item.started", item: { ...command, status: "in_progress" } })
    expect(recorder.hasOpenWork).toBe(true)
    recorder.record({ type: "item.completed", item: command })
    expect(recorder.hasOpenWork).toBe(false)
    expect(typesOf(events())).toEqual([
      "item.added",
      "call.in_progress",
      "arguments.delta",
      "arguments.done",
      "call.failed",
      "item.done",
    ])
    expect(events()[0]).toMatchObject({ item: { output: "", exitCode: null, status: "in_progress" } })
  })

  it("tells a command when it begins and never takes it back, and what an edit is when it is over", () => {
    const { log, recorder, events } = setUp()
    const command: Item = {
      type: "command",
      id: "c",
      command: "npm test",
      cwd: "/a",
      output: "",
      exitCode: null,
      status: "in_progress",
    }
    recorder.record({ type: "item.started", item: command })
    const told = ["item.added", "call.in_progress", "arguments.delta", "arguments.done"]
    expect(typesOf(log.read(0, 100))).toEqual(told)
    const ended: Item = { ...command, command: "npm test # all", exitCode: 0, status: "completed" }
    expect(recorder.record({ type: "item.completed", item: ended })?.item).toMatchObject({
      command: "npm test",
      exitCode: 0,
    })
    const edit: Item = { type: "file_change", id: "e", changes: [], status: "in_progress" }
    recorder.record({ type: "item.started", item: edit })
    const changes = [{ path: "a", kind: "add" as const, diff: "x" }]
    recorder.record({ type: "item.completed", item: { ...edit, changes, status: "completed" } })
    expect(typesOf(events()).slice(6)).toEqual([
      "item.added",
      "call.in_progress",
      "arguments.delta",
      "arguments.done",
      "call.completed",
      "item.done",
    ])
  })

  it("ends what is open with what was sent", () => {
    const { recorder } = setUp()
    recorder.record({ type: "item.delta", itemId: "n1", channel: "text", index: 0, text: "half" })
    expect(recorder.hasOpenTexts).toBe(true)
    expect(recorder.finish("incomplete")).toMatchObject([
      { outputIndex: 0, item: { status: "incomplete", content: [{ text: "half" }] } },
    ])
    expect(recorder.hasOpenTexts).toBe(false)
  })

  it("shows readers the end of an item when it is released, and what came behind it", () => {
    const { log, recorder } = setUp()
    recorder.record({ type: "item.completed", item: message("n1", "one") })
    recorder.record({ type: "item.delta", itemId: "n2", channel: "text", index: 0, text: "two" })
    recorder.record({ type: "item.completed", item: message("n2", "two") })
    const begun = ["item.added", "part.added", "text.delta"]
    const ended = ["text.done", "part.done", "item.done"]
    expect(typesOf(log.read(0, 100))).toEqual(begun)
    log.release(1)
    expect(typesOf(log.read(0, 100))).toEqual([...begun, ...ended, ...begun])
    log.release(1)
    expect(log.length).toBe(12)
  })

  it("records nothing any more once it is finished", () => {
    const { recorder, events } = setUp()
    recorder.finish("incomplete")
    expect(recorder.record({ type: "item.completed", item: message("n1", "late") })).toBeNull()
    expect(events()).toEqual([])
  })

  it("leaves out what the user said", () => {
    const { recorder, events } = setUp()
    recorder.record({ type: "item.completed", item: { ...message("u", "hi"), role: "user" } })
    expect(events()).toEqual([])
  })

  it("never cuts a character in two, however the text was cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.array(fc.nat(40)), (text, cuts) => {
        const { recorder, events } = setUp()
        const ends = [...new Set([...cuts.map((cut) => Math.min(cut, text.length)), text.length])].sort(
          (a, b) => a - b,
        )
        let start = 0
        for (const end of ends) {
          const piece = text.slice(start, end)
          recorder.record({ type: "item.delta", itemId: "n", channel: "text", index: 0, text: piece })
          start = end
        }
        recorder.record({ type: "item.completed", item: message("n", text) })
        for (const event of events()) if ("text" in event) expect(event.text.isWellFormed()).toBe(true)
        expect(deltasOf(events(), "text.delta")).toBe(text)
      }),
    )
  })
})
