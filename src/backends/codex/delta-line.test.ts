import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { DeltaLines } from "./codex-json.ts"
import { type Notification, parseNotification } from "./protocol.ts"

/** As every other line is read. */
function readWhole(line: string): Notification | null {
  const { method, params } = JSON.parse(line) as { readonly method: string; readonly params: unknown }
  return parseNotification(method, params)
}

function deltaLine(params: Readonly<Record<string, unknown>>, behind: object = {}): string {
  return JSON.stringify({ method: "item/agentMessage/delta", params, ...behind })
}

const scope = { threadId: "01a20375-ce22-7310", turnId: "01a20375-ce4a-7e93", itemId: "msg_262" }

describe("the line of a delta", () => {
  it("is read by what stands around its text", () => {
    for (const delta of [
      "Done",
      "",
      ' "quoted" \\ ',
      "\n\u0000\u2028",
      '"}}',
      '"},"emittedAtMs":1}',
      "\ud83d",
    ]) {
      const expected = { method: "item/agentMessage/delta", params: { ...scope, delta } }
      expect(new DeltaLines().read(deltaLine({ ...scope, delta }))).toEqual(expected)
      expect(new DeltaLines().read(deltaLine({ ...scope, delta }, { emittedAtMs: 1795354385219 }))).toEqual(
        expected,
      )
    }
  })

  it("is left to the general reader where it looks otherwise", () => {
    for (const line of [
      deltaLine({ ...scope, delta: 7 }),
      deltaLine({ ...scope, delta: null }),
      deltaLine({ ...scope, delta: "a", more: "b" }),
      deltaLine({ ...scope, delta: "a" }, { id: 4 }),
      deltaLine({ ...scope, delta: "a" }, { emittedAtMs: "1" }),
      deltaLine({ delta: "a", ...scope }),
      deltaLine({ ...scope, threadId: 'a"b', delta: "a" }),
      deltaLine({ ...scope, itemId: "a\\", delta: "a" }),
      deltaLine({ ...scope, delta: "a" }).slice(0, -1),
      `${deltaLine({ ...scope, delta: "a" })} `,
      deltaLine({ ...scope, delta: "a" }).replace('"a"', '"\t"'),
      JSON.stringify({ method: "turn/started", params: { threadId: "a", turn: { id: "b" } } }),
      "",
    ]) {
      expect(new DeltaLines().read(line), line).toBeNull()
    }
  })

  it("says the same as the general reader, whatever it holds", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.constantFrom(
        '"',
        "\\",
        '"}',
        '"}}',
        '","turnId":"',
        '","itemId":"',
        '","delta":',
        '"},"emittedAtMs":1}',
      ),
    )
    const text = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(""))
    const id = fc.oneof(fc.constantFrom("msg_1", "01a2-7e93", ""), text)
    const line = fc
      .record({ threadId: id, turnId: id, itemId: id, delta: text })
      .map((params) => deltaLine(params, { emittedAtMs: 1795354385219 }))
    // With a piece of it left out or put in twice.
    const cut = fc
      .tuple(line, fc.nat(), fc.nat({ max: 12 }), fc.boolean())
      .map(([whole, at, length, isTwice]) => {
        const start = at % whole.length
        return isTwice
          ? whole.slice(0, start + length) + whole.slice(start)
          : whole.slice(0, start) + whole.slice(start + length)
      })
    fc.assert(
      fc.property(fc.array(fc.oneof(line, cut), { minLength: 1, maxLength: 4 }), (lines) => {
        const deltas = new DeltaLines()
        // Each twice: behind itself it is read by what stood before the text of the last one.
        for (const one of lines.flatMap((each) => [each, each])) {
          const quick = deltas.read(one)
          if (quick !== null) expect(quick).toEqual(readWhole(one))
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
