import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Item } from "../../domain/items.ts"
import type { ResponseEvent } from "../../domain/response-events.ts"
import { ResponseLog } from "./response-log.ts"

function message(text: string, outputIndex = 0): Item {
  return {
    type: "message",
    id: `msg_${outputIndex}`,
    role: "assistant",
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}

/** The events of one message, as the recorder makes them. */
function messageEvents(outputIndex: number, deltas: readonly string[]): ResponseEvent[] {
  const text = deltas.join("")
  const at = { outputIndex, partIndex: 0 }
  return [
    { type: "item.added", outputIndex, item: message("", outputIndex) },
    { type: "part.added", ...at },
    ...deltas.map((delta) => ({ type: "text.delta", ...at, text: delta }) as const),
    { type: "text.done", ...at, text },
    { type: "part.done", ...at },
    { type: "item.done", outputIndex, item: message(text, outputIndex) },
  ]
}

function filled(events: readonly ResponseEvent[]): ResponseLog {
  const log = new ResponseLog()
  for (const event of events) log.append(event)
  return log
}

/** The test runner starts with `--expose-gc`; without it the bound below would measure garbage. */
function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error("this test needs node --expose-gc")
  globalThis.gc()
}

const someEvents = fc
  .array(fc.array(fc.string({ minLength: 1, maxLength: 3000 }), { maxLength: 20 }), { maxLength: 4 })
  .map((messages) => [
    { type: "created" } as const,
    ...messages.flatMap((deltas, index) => messageEvents(index, deltas)),
  ])

describe("ResponseLog", () => {
  it("gives back every event under its number, from any number on and in any portions", () => {
    fc.assert(
      fc.property(someEvents, fc.nat(), fc.integer({ min: 1, max: 7 }), (events, start, portion) => {
        const log = filled(events)
        const from = events.length === 0 ? 0 : start % events.length
        const read: ResponseEvent[] = []
        while (from + read.length < log.length) read.push(...log.read(from + read.length, portion))
        expect(read).toEqual(events.slice(from))
      }),
    )
  })

  it("gives the same events with the same numbers after it was stored in pieces and restored", () => {
    fc.assert(
      fc.property(someEvents, (events) => {
        const log = new ResponseLog()
        const segments = []
        const output: Item[] = []
        for (const event of events) {
          log.append(event)
          if (event.type !== "item.done") continue
          output.push(event.item)
          segments.push(log.takeUnsaved())
        }
        const last = { type: "completed" } as const
        segments.push(log.takeUnsaved(last))
        log.append(last)
        const stored = segments.filter((segment) => segment !== null)
        expect(ResponseLog.restore(stored, output).read(0, events.length + 1)).toEqual([...events, last])
      }),
    )
  })

  it("tells what was sent of a part, cut out of a text that begins with it", () => {
    const log = filled(messageEvents(0, ["one ", "two"]).slice(0, 4))
    expect([log.partLength(0, 0), log.partText(0, 0)]).toEqual([7, "one two"])
    expect(log.partText(0, 0, "one two three")).toBe("one two")
    expect(log.partText(0, 0, "one too")).toBe("one two")
    expect([log.partLength(1, 0), log.partText(0, 1, "x")]).toEqual([0, ""])
  })

  it("stores no text a second time", () => {
    const log = filled(messageEvents(0, ["a secret ", "word"]))
    expect(log.takeUnsaved()?.json).not.toContain("secret")
    expect(log.takeUnsaved()).toBeNull()
  })

  it("wakes a reader that waits for the next event, and every reader when it is closed", async () => {
    const log = new ResponseLog()
    const first = log.waitFor(0)
    log.append({ type: "created" })
    await first
    const never = log.waitFor(5)
    log.close()
    await never
    expect(log.isClosed).toBe(true)
  })

  it("keeps a hundred thousand deltas in less than four megabytes", () => {
    collectGarbage()
    const log = new ResponseLog()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 100_000; i += 1) {
      log.append({ type: "text.delta", outputIndex: 0, partIndex: 0, text: `word${i % 10} ` })
      if (i % 64 === 0) log.read(i, 64)
    }
    collectGarbage()
    expect(log.length).toBe(100_000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000)
  })
})
