import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { answerText, type MessageItem, type Phase } from "../../domain/items.ts"
import type { ItemEvent } from "../../domain/turn-events.ts"
import type { AnswerLimits } from "../../domain/turn-request.ts"
import { Recorder } from "../log/recorder.ts"
import { ResponseLog } from "../log/response-log.ts"
import { AnswerLimiter, charactersPerToken } from "./answer-limits.ts"

function message(id: string, text: string, phase: Phase = null): MessageItem {
  const content = text === "" ? [] : [{ type: "text" as const, text }]
  return { type: "message", id, role: "assistant", content, phase, status: "completed" }
}

function delta(itemId: string, text: string): ItemEvent {
  return { type: "item.delta", itemId, channel: "text", index: 0, text }
}

function streamed(id: string, pieces: readonly string[], phase: Phase = null): ItemEvent[] {
  return [
    { type: "item.started", item: { ...message(id, "", phase), status: "in_progress" } },
    ...pieces.map((piece) => delta(id, piece)),
    { type: "item.completed", item: message(id, pieces.join(""), phase) },
  ]
}

/** What a reader of the stream puts together, and what the whole answer says. */
function run(limits: Partial<AnswerLimits>, events: readonly ItemEvent[]) {
  const limiter = new AnswerLimiter({ stopTexts: [], maxTokens: null, ...limits })
  const log = new ResponseLog()
  const recorder = new Recorder(log)
  for (const event of events) for (const one of limiter.take(event)) recorder.record(one)
  recorder.finish("incomplete")
  log.release(Number.POSITIVE_INFINITY)
  const read = log.read(0, 100_000)
  const deltas = read.flatMap((event) => (event.type === "text.delta" ? [event.text] : []))
  return {
    cut: limiter.cut,
    streamed: deltas.join(""),
    whole: answerText(recorder.output),
    output: recorder.output,
  }
}

function beforeFirstStop(text: string, stops: readonly string[]): string {
  const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0)
  return places.length === 0 ? text : text.slice(0, Math.min(...places))
}

const letters = fc.string({ unit: fc.constantFrom("a", "b", "\n", "é", "😀"), maxLength: 40 })
const stopText = fc.string({ unit: fc.constantFrom("a", "b", "\n", "é", "😀"), minLength: 1, maxLength: 5 })
const cuts = fc.array(fc.nat(60), { maxLength: 12 })

function piecesOf(text: string, places: readonly number[]): string[] {
  const sorted = [0, ...places.map((place) => Math.min(place, text.length)), text.length].sort(
    (a, b) => a - b,
  )
  return sorted.slice(1).map((end, index) => text.slice(sorted[index], end))
}

describe("stop texts", () => {
  it("cut any text, in any deltas, exactly before the first one: streamed, whole and without deltas alike", () => {
    void fc.assert(
      fc.property(
        letters,
        cuts,
        fc.array(stopText, { minLength: 1, maxLength: 4 }),
        (text, places, stopTexts) => {
          const expected = beforeFirstStop(text, stopTexts)
          const live = run({ stopTexts }, streamed("m", piecesOf(text, places)))
          const atOnce = run({ stopTexts }, [{ type: "item.completed", item: message("m", text) }])
          expect(live.streamed).toBe(expected)
          expect(live.whole).toBe(expected)
          expect(atOnce.whole).toBe(expected)
          expect(live.cut).toBe(expected === text ? null : "stop")
        },
      ),
      { numRuns: 2000 },
    )
  })

  it("cut at the one that begins first, also when a later one is complete earlier", () => {
    expect(run({ stopTexts: ["abcd", "bc"] }, streamed("m", ["x", "a", "b", "c", "d"])).whole).toBe("x")
    expect(run({ stopTexts: ["abcd", "bc"] }, streamed("m", ["xa", "bc", "e"])).whole).toBe("xa")
  })

  it("are found in the blank line between two messages of an answer", () => {
    const events = [...streamed("m1", ["one"]), ...streamed("m2", ["two"])]
    expect(run({ stopTexts: ["\n"] }, events).whole).toBe("one")
    expect(run({ stopTexts: ["\n\ntw"] }, events).whole).toBe("one")
    expect(run({ stopTexts: ["wo"] }, events).whole).toBe("one\n\nt")
  })

  it("leave commentary alone, and end nothing that has no text", () => {
    const events = [...streamed("c", ["STOP here"], "commentary"), ...streamed("m", ["ok"], "final_answer")]
    const result = run({ stopTexts: ["STOP"] }, events)
    expect(result.cut).toBeNull()
    expect(result.streamed).toBe("STOP hereok")
    expect(run({ stopTexts: ["\n"] }, [...streamed("m1", ["one"]), ...streamed("m2", [])]).cut).toBeNull()
  })

  it("let nothing of the answer through afterwards, but what the agent did is told", () => {
    const events: ItemEvent[] = [
      ...streamed("m1", ["one STOP two"]),
      ...streamed("m2", ["three"]),
      {
        type: "item.completed",
        item: {
          type: "command",
          id: "c1",
          command: "ls",
          cwd: null,
          output: "",
          exitCode: 0,
          status: "completed",
        },
      },
    ]
    const { output } = run({ stopTexts: ["STOP"] }, events)
    expect(output.map((item) => [item.type, item.status])).toEqual([
      ["message", "incomplete"],
      ["command", "completed"],
    ])
  })
})

describe("the limit of tokens", () => {
  it("cuts any text in any deltas after so many characters, and never inside one", () => {
    void fc.assert(
      fc.property(letters, cuts, fc.integer({ min: 1, max: 8 }), (text, places, maxTokens) => {
        const limit = maxTokens * charactersPerToken
        const result = run({ maxTokens }, streamed("m", piecesOf(text, places)))
        expect(result.streamed).toBe(result.whole)
        expect(text.startsWith(result.whole)).toBe(true)
        expect(result.whole.isWellFormed()).toBe(true)
        expect(result.cut).toBe(text.length > limit ? "max_output_tokens" : null)
        if (text.length > limit) expect(limit - result.whole.length).toBeLessThanOrEqual(1)
        else expect(result.whole).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  it("counts all messages of an answer together", () => {
    const { whole, cut } = run({ maxTokens: 1 }, [...streamed("m1", ["abc"]), ...streamed("m2", ["defg"])])
    expect(whole).toBe("abc\n\nd")
    expect(cut).toBe("max_output_tokens")
  })

  it("yields to a stop text that comes before it, and not to one after it", () => {
    expect(run({ maxTokens: 1, stopTexts: ["X"] }, streamed("m", ["abcdX"]))).toMatchObject({
      whole: "abcd",
      cut: "stop",
    })
    expect(run({ maxTokens: 1, stopTexts: ["X"] }, streamed("m", ["abcdeX"]))).toMatchObject({
      whole: "abcd",
      cut: "max_output_tokens",
    })
  })
})
