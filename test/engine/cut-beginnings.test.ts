import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Item } from "../../src/domain/items.ts"
import { call, developer, ResentLedger, ran, summaryOf, user } from "./resent-ledger.ts"

/** Conversations whose first turn was stopped or failed: nothing but what it was asked tells which one comes back. */

let ledger: ResentLedger

beforeEach(async () => {
  ledger = await ResentLedger.open()
})
afterEach(() => ledger.close())

const deed = ran("rm x")

describe("a first turn that was stopped is found", () => {
  it.each<[string, readonly Item[], readonly Item[], readonly string[], string | null]>([
    [
      "with a file's text around it",
      [user("<context>file</context>\n\nu1")],
      [user("u1"), user("u2")],
      ["u2"],
      null,
    ],
    [
      "with a file's text around it, under the client's id",
      [user("<context>file</context> u1")],
      [user("u1"), user("u2")],
      ["u2"],
      "chat-1",
    ],
    [
      "with a clock, under the client's id",
      [user("[12:00] u1")],
      [user("[12:01] u1"), user("u2")],
      ["[12:01] u1", "u2"],
      "chat-1",
    ],
    [
      "with a clock in front",
      [developer("It is 12:00."), user("u1")],
      [developer("It is 12:01."), user("u1"), user("u2")],
      ["It is 12:01.", "u1", "u2"],
      null,
    ],
  ])("%s", async (_, input, sent, asked, sessionKey) => {
    const session = sessionKey === null ? {} : { sessionKey, resendsHistory: true }
    const cut = await ledger.turn({ input, ...session }, [deed], "cancelled")
    expect(summaryOf(await ledger.plan({ input: sent, ...session }))).toMatchObject({
      behind: cut.turnId,
      told: [],
      asked,
    })
  })

  it("however many others began with the same instructions since", async () => {
    const rules = developer("Be brief.")
    const cut = await ledger.turn({ input: [rules, user("u1")] }, [deed], "cancelled")
    for (let other = 0; other < 20; other += 1) {
      await ledger.turn({ input: [rules, user(`v${other}`)] }, [deed], "cancelled")
    }
    const plan = await ledger.plan({ input: [rules, user("u1"), user("u2")] })
    expect(summaryOf(plan)).toMatchObject({ behind: cut.turnId, asked: ["u2"] })
  })

  it("that ended with a call which the client leaves out", async () => {
    const called = await ledger.turn({ input: [user("u1")] }, [deed, call("call_1")])
    const plan = await ledger.plan({ input: [user("u1"), user("u2")] })
    expect(summaryOf(plan)).toMatchObject({ behind: called.turnId, asked: ["u2"] })
  })
})

describe("a first turn of another conversation is not gone on behind", () => {
  it.each<[string, readonly Item[], readonly Item[], string | null]>([
    ["for a clock", [user("delete row 5")], [user("delete row 6"), user("u2")], null],
    [
      "for a message with other rules in front",
      [developer("You are a cook."), user("go on")],
      [developer("You are a judge."), user("go on"), user("u2")],
      null,
    ],
    ["for an id that chats share", [user("u1")], [user("v1"), user("v2")], "temporary:1"],
  ])("%s", async (_, input, sent, sessionKey) => {
    const session = sessionKey === null ? {} : { sessionKey, resendsHistory: true }
    await ledger.turn({ input, ...session }, [deed], "cancelled")
    expect((await ledger.plan({ input: sent, ...session })).parentTurnId).toBeNull()
  })
})
