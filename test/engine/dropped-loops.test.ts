import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Item } from "../../src/domain/items.ts"
import { type Answered, answer, call, ResentLedger, ran, result, summaryOf, user } from "./resent-ledger.ts"

/** Clients that show texts only leave out calls of functions and their outputs. */

let ledger: ResentLedger

beforeEach(async () => {
  ledger = await ResentLedger.open()
})
afterEach(() => ledger.close())

const sky = "The sky is blue, as far as one can see."
const sea = "The sea is green today, and rather cold."
const sun = "The sun is far away, and very hot indeed."
const [c1, c2] = ["1", "2"].map((digit) => `call_${digit.repeat(32)}`) as [string, string]

async function began(): Promise<readonly Item[]> {
  await ledger.turn({ input: [user("hello")] }, [answer(sky)])
  return [user("hello"), answer(sky)]
}

/** Two rounds of calls, and an answer. */
async function looped(items: readonly Item[], said: string): Promise<Answered> {
  const first = [...items, user("u1")]
  await ledger.turn({ input: first }, [ran("rm x"), call(c1)])
  const second = [...first, call(c1), result(c1)]
  await ledger.turn({ input: second }, [call(c2)])
  return ledger.turn({ input: [...second, call(c2), result(c2)] }, [ran("make"), answer(said)])
}

describe("a loop of calls that comes back as its texts only", () => {
  it.each([sea, "Done."])("goes on behind its answer: %s", async (said) => {
    const begun = await began()
    for (const before of [begun, []]) {
      const { turnId } = await looped(before, said)
      const plan = await ledger.plan({ input: [...before, user("u1"), answer(said), user("u2")] })
      expect(summaryOf(plan)).toEqual({ behind: turnId, told: [], asked: ["u2"], seen: null })
    }
  })

  it("goes on behind what came after it, also with a clock in the messages and without its front", async () => {
    const begun = await began()
    await looped(begun, sea)
    const input = [...begun, user("u1"), answer(sea), user("u2")]
    const { turnId } = await ledger.turn({ input }, [answer(sun)])
    const clock = [
      user("[12:01] hello"),
      answer(sky),
      user("[12:01] u1"),
      answer(sea),
      user("u2"),
      answer(sun),
    ]
    for (const sent of [clock, clock.slice(2)]) {
      const plan = await ledger.plan({ input: [...sent, user("u3")] })
      expect(summaryOf(plan)).toEqual({ behind: turnId, told: [], asked: ["u3"], seen: null })
    }
  })

  it("whose answer was edited goes on before it", async () => {
    const begun = await began()
    await looped(begun, sea)
    const plan = await ledger.plan({ input: [...begun, user("u1"), answer("Something else."), user("u2")] })
    expect(summaryOf(plan)).toMatchObject({ told: ["u1", "Something else."], asked: ["u2"] })
  })
})
