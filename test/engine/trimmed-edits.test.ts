import { expect, it } from "vitest"
import type { Item } from "../../src/domain/items.ts"
import { answer, ResentLedger, summaryOf, user } from "./resent-ledger.ts"

it("an answer edited between two that are known is told, also with a clock in each message and without the front", async () => {
  const ledger = await ResentLedger.open()
  const items: Item[] = []
  const turnIds: string[] = []
  for (let index = 0; index < 6; index += 1) {
    const said = answer(`This is the answer of number ${index}.`)
    items.push(user(`question ${index}`))
    turnIds.push((await ledger.turn({ input: items }, [said])).turnId)
    items.push(said)
  }
  const window = [3, 4, 5].flatMap((index) => [
    user(`[12:05] question ${index}`),
    answer(index === 4 ? "This one was edited by hand." : `This is the answer of number ${index}.`),
  ])
  const plan = await ledger.plan({ input: [...window, user("next")] })
  expect(summaryOf(plan)).toMatchObject({
    behind: turnIds[3],
    told: [
      "[12:05] question 4",
      "This one was edited by hand.",
      "[12:05] question 5",
      "This is the answer of number 5.",
    ],
    asked: ["next"],
  })
  await ledger.close()
})
