import { expect, it } from "vitest"
import type { TurnEvent } from "../../domain/turn-events.ts"
import { LineReader } from "./reader.ts"

it.each(["\u001b]0;my agent\u0007", "\ufeff", "\r\n"])(
  "a program's JSON lines are read as such with %j in front of the first",
  (noise) => {
    const events: TurnEvent[] = []
    const reader = new LineReader({
      program: "scripted",
      maxLength: 1_000,
      push: (event) => events.push(event),
      onOverflow: () => {},
    })
    const bytes = Buffer.from(`${noise}{"type":"message","text":"heard"}\n`)
    for (const [index] of bytes.entries()) reader.push(bytes.subarray(index, index + 1))
    expect(reader.finish({ code: 0, signal: null, startError: null }, "")).toMatchObject({
      type: "completed",
    })
    expect(events).toContainEqual(expect.objectContaining({ type: "item.delta", text: "heard" }))
  },
)
