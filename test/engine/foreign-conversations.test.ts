import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Item } from "../../src/domain/items.ts"
import { answer, call, developer, ResentLedger, result, summaryOf, user } from "./resent-ledger.ts"

/** What never happens: that a request goes on in a conversation of which it has nothing but words that any may have. */

let ledger: ResentLedger

beforeEach(async () => {
  ledger = await ResentLedger.open()
})
afterEach(() => ledger.close())

async function talk(items: readonly Item[], sessionKey?: string): Promise<void> {
  for (let end = 1; end < items.length; end += 1) {
    const said = items[end]
    if (said?.type !== "message" || said.role !== "assistant") continue
    await ledger.turn({ input: items.slice(0, end), ...(sessionKey !== undefined && { sessionKey }) }, [said])
  }
}

describe("short answers alone", () => {
  it.each<[string, readonly Item[], readonly Item[]]>([
    ["one", [user("Is 7 prime?"), answer("Yes.")], [user("Shall I drop the database?"), answer("Yes.")]],
    [
      "one, behind the same rules of a developer",
      [developer("Be brief."), user("Is 7 prime?"), answer("Yes.")],
      [developer("Be brief."), user("Shall I drop the database?"), answer("Yes.")],
    ],
    [
      "three",
      ["a", "b", "c"].flatMap((text) => [user(text), answer("OK")]),
      ["x", "y", "z"].flatMap((text) => [user(text), answer("OK")]),
    ],
    [
      "three, the last of five",
      ["a", "b", "c", "d", "e"].flatMap((text) => [user(text), answer("OK")]),
      ["x", "y", "z"].flatMap((text) => [user(text), answer("OK")]),
    ],
  ])("join no other conversation, under whatever id: %s", async (_, before, sent) => {
    await talk(before, "chat-1")
    for (const sessionKey of [undefined, "chat-2"]) {
      const plan = await ledger.plan({
        input: [...sent, user("Then do it.")],
        resendsHistory: true,
        ...(sessionKey !== undefined && { sessionKey }),
      })
      expect(summaryOf(plan)).toMatchObject({ behind: null, asked: ["Then do it."] })
      expect(plan.clientHistory).toHaveLength(sent.length)
    }
  })

  it("are known by one message, or by the client's id", async () => {
    await talk([user("[12:00] hi"), answer("Hello!"), user("go on"), answer("OK")], "chat-1")
    const sent = [user("[12:05] hi"), answer("Hello!"), user("go on"), answer("OK"), user("more")]
    expect((await ledger.plan({ input: sent })).parentTurnId).not.toBeNull()
    const clock = [user("[12:05] hi"), answer("Hello!"), user("more")]
    expect((await ledger.plan({ input: clock })).parentTurnId).toBeNull()
    expect((await ledger.plan({ input: clock, sessionKey: "chat-1" })).parentTurnId).not.toBeNull()
  })
})

it("a call of another agent's is not ours for the same arguments", async () => {
  await ledger.turn({ input: [user("u1")] }, [call("call_1", "{}")])
  const input = [user("v1"), call("call_2", "{}"), result("call_2"), answer("Well."), user("v2")]
  expect(summaryOf(await ledger.plan({ input })).behind).toBeNull()
})
