import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { answer, ResentLedger, summaryOf, user } from "./resent-ledger.ts"

let ledger: ResentLedger

beforeEach(async () => {
  ledger = await ResentLedger.open()
})
afterEach(() => ledger.close())

const sky = "The sky is blue, as far as one can see."
const sea = "The sea is green today, and rather cold."
const sun = "The sun is far away, and very hot indeed."
const bob = "Bob: I agree with that."

describe("what others say right behind an answer", () => {
  it("is told behind it, and all of it is known then", async () => {
    const first = await ledger.turn({ input: [user("u1")] }, [answer(sky)])
    const input = [user("u1"), answer(sky), answer(bob), answer("Ann: So do I."), user("u2")]
    const second = await ledger.turn({ input }, [answer(sea)])
    expect(summaryOf(second.plan)).toMatchObject({
      behind: first.turnId,
      told: [bob, "Ann: So do I."],
      asked: ["u2"],
    })
    for (const sent of [input, [user("[12:05] u1"), ...input.slice(1)], input.slice(-1)]) {
      const plan = await ledger.plan({ input: [...sent, answer(sea), user("u3")] })
      expect(summaryOf(plan)).toMatchObject({ behind: second.turnId, told: [], asked: ["u3"] })
    }
    const next = [...input, answer(sea), answer(bob), user("u3")]
    expect(summaryOf(await ledger.plan({ input: next }))).toMatchObject({
      behind: second.turnId,
      told: [bob],
      asked: ["u3"],
    })
  })

  it("may be an answer of ours: the message between both was left out", async () => {
    await ledger.turn({ input: [user("u1")] }, [answer(sky), answer("And so it stays, until the evening.")])
    const parts = [answer(sky), answer("And so it stays, until the evening.")]
    const second = await ledger.turn({ input: [user("u1"), ...parts, user("u2")] }, [answer(sea)])
    const plan = await ledger.plan({ input: [user("u1"), ...parts, answer(sea), user("u3")] })
    expect(summaryOf(plan)).toMatchObject({ behind: second.turnId, told: [], asked: ["u3"] })
  })

  it("leaves a conversation unknown of which nothing is ours", async () => {
    await ledger.turn({ input: [user("u1")] }, [answer(sky)])
    const plan = await ledger.plan({ input: [user("v1"), answer(sun), answer(bob), user("v2")] })
    expect(summaryOf(plan)).toMatchObject({ behind: null, told: ["v1", sun, bob], asked: ["v2"] })
  })
})

it.each([`${sky}\nObservation:`, `${sky}Observation:`])(
  "an answer is known with the stop text of its own request put back, also by one that names none: %j",
  async (text) => {
    const first = await ledger.turn({ input: [user("u1")], stopTexts: ["Observation:"] }, [answer(sky)])
    const plan = await ledger.plan({ input: [user("u1"), answer(text), user("u2")] })
    expect(summaryOf(plan)).toMatchObject({ behind: first.turnId, told: [], asked: ["u2"] })
  },
)

it("answers to the same requests but for their stop texts are one conversation, whichever goes on", async () => {
  for (const stopTexts of [["a"], ["b"]]) await ledger.turn({ input: [user("u1")], stopTexts }, [answer(sky)])
  const plan = await ledger.plan({ input: [user("u1"), answer(sky), user("u2")] })
  expect(plan.parentTurnId).not.toBeNull()
})
