import fc from "fast-check"
import { expect, it } from "vitest"
import { type Item, textOf } from "../../src/domain/items.ts"
import { answer, call, developer, ResentLedger, ran, result, tool, user } from "./resent-ledger.ts"

interface Exchange {
  readonly asked: string
  readonly said: string
  readonly loop: readonly Item[]
}

/** What a client did to one exchange; none of it makes another answer. */
interface Edit {
  readonly clock: boolean
  readonly thoughts: string
  readonly apart: boolean
  readonly space: string
  readonly reminder: boolean
  /** The agent called a function before it answered. */
  readonly called: "no" | "kept" | "left out"
}

const harmless: fc.Arbitrary<Edit> = fc.record({
  clock: fc.boolean(),
  thoughts: fc.constantFrom("", "<think>\nHm\n</think>\n", '<details type="reasoning">a</details>'),
  apart: fc.boolean(),
  space: fc.constantFrom("", " ", "\n\n", "\r\n"),
  reminder: fc.boolean(),
  called: fc.constantFrom("no", "kept", "left out"),
})

/** A conversation whose answers are all different, and what its client made of it. */
const cases = fc.integer({ min: 1, max: 7 }).chain((length) =>
  fc.record({
    length: fc.constant(length),
    edits: fc.array(harmless, { minLength: length, maxLength: length }),
    trimmed: fc.nat(length - 1),
    /** The exchange whose answer was edited; none. */
    edited: fc.option(fc.nat(length - 1), { nil: null }),
    instructions: fc.option(fc.constantFrom("It is noon.", "It is late."), { nil: null }),
    tools: fc.boolean(),
  }),
)

function loopOf(index: number, { called }: Edit): readonly Item[] {
  return called === "no" ? [] : [call(`call_${index}`), result(`call_${index}`)]
}

function sentBack({ asked, said, loop }: Exchange, edit: Edit): readonly Item[] {
  const text = `${edit.space}${said}${edit.space}`
  const [first = "", ...rest] = said.split("\n\n")
  const messages = edit.apart ? [`${edit.thoughts}${first}`, ...rest] : [edit.thoughts + text]
  return [
    user(edit.clock ? `[12:05] ${asked}` : asked),
    ...(edit.reminder ? [developer("Mind the rules.")] : []),
    ...(edit.called === "kept" ? loop : []),
    ...messages.map(answer),
  ]
}

function textsOf(items: readonly Item[]): readonly string[] {
  return items.flatMap((item) => (item.type === "message" ? [textOf(item.content)] : []))
}

it("whatever clients are known to change, a conversation goes on behind the last answer before the first that was edited", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ length, edits, trimmed, edited, instructions, tools }) => {
      const ledger = await ResentLedger.open()
      try {
        const exchanges: Exchange[] = []
        const turnIds: string[] = []
        const items: Item[] = []
        for (let index = 0; index < length; index += 1) {
          const said = `Answer number ${index} of this conversation.\n\nIt has two parts, ${index}.`
          const asked = `question ${index}`
          const edit = edits[index]
          if (edit === undefined) throw new Error("each exchange has its edit")
          const loop = loopOf(index, edit)
          items.push(user(asked))
          if (loop.length > 0) {
            await ledger.turn({ input: items }, loop.slice(0, 1))
            items.push(...loop)
          }
          turnIds.push((await ledger.turn({ input: items }, [ran(`make ${index}`), answer(said)])).turnId)
          items.push(answer(said))
          exchanges.push({ asked, said, loop })
        }
        const sent = exchanges.slice(trimmed).map((exchange, index) => {
          const place = trimmed + index
          const edit = edits[place]
          if (edit === undefined) throw new Error("each exchange has its edit")
          const said = place === edited ? `Something else in place of number ${place}.` : exchange.said
          if (place !== edited) return sentBack(exchange, edit)
          // Both changed, and first behind a front that is gone, are what a summary looks like.
          const clock = edit.clock && (place > trimmed || trimmed === 0)
          // Whoever edits an answer sees no calls.
          return sentBack({ ...exchange, said }, { ...edit, clock, called: "left out" })
        })
        const plan = await ledger.plan({
          input: [...sent.flat(), user("and then?")],
          ...(instructions !== null && { instructions }),
          tools: tools ? [tool("look")] : [],
        })
        const isEdited = edited !== null && edited >= trimmed
        const known = isEdited ? edited : length
        // Before the first exchange that came back there is nothing to go on behind.
        expect(plan.parentTurnId).toBe(known > trimmed ? turnIds[known - 1] : null)
        expect(textsOf(plan.clientHistory)).toEqual(textsOf(sent.slice(known - trimmed).flat()))
        expect(textsOf(plan.added)).toEqual(["and then?"])
        expect(plan.changes).toEqual(
          plan.parentTurnId === null
            ? { instructions: false, tools: false }
            : { instructions: instructions !== null, tools },
        )
      } finally {
        await ledger.close()
      }
    }),
    { numRuns: 100, seed: 14 },
  )
})
