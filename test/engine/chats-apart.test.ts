import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Item } from "../../src/domain/items.ts"
import { answer, developer, ResentLedger, ran, user } from "./resent-ledger.ts"

/** Two people behind one key, as behind a chat program: what one of them was told is never in the other's chat. */

let ledger: ResentLedger
beforeEach(async () => {
  ledger = await ResentLedger.open()
})
afterEach(() => ledger.close())

const done = "Done: the change is applied and pushed to main."
const greeting = "Hello! How can I help you today with your work?"

/** A chat as its client sent it, each time under the same name of its own, or none. */
async function chat(sessionKey: string | undefined, ...texts: readonly string[]): Promise<readonly Item[]> {
  const items: Item[] = []
  for (const text of texts) {
    if (items.length % 2 === 0) items.push(user(text))
    else {
      await ledger.turn({ input: [...items], ...(sessionKey !== undefined && { sessionKey }) }, [
        ran(`make ${text}`),
        answer(text),
      ])
      items.push(answer(text))
    }
  }
  return items
}

const parentOf = async (input: readonly Item[], sessionKey?: string) =>
  (await ledger.plan({ input, ...(sessionKey !== undefined && { sessionKey }) })).parentTurnId

describe("a chat whose last answer another chat has, too", () => {
  const edited = [
    user("Mend the parser"),
    answer("Edited."),
    user("Now push it"),
    answer(done),
    user("And then?"),
  ]
  const unknown = [user("Who is there?"), answer("Somebody."), user("Go on"), answer(done), user("And then?")]
  const greeted = [user("Good day, I am Bob"), answer(greeting), user("And then?")]

  it.each([
    ["names", "chat-bob"],
    ["no names", undefined],
  ])("is not gone on with in that one: %s", async (_, bob) => {
    const alice = bob === undefined ? undefined : "chat-alice"
    await chat(alice, "Read the mail", "There are two new messages.", "Answer both", done)
    await chat(alice, "hi", greeting)
    await chat(bob, "Mend the parser", "It is mended, with a test.", "Now push it", done)
    expect(await parentOf(edited, bob)).toBeNull()
    expect(await parentOf(unknown, bob)).toBeNull()
    expect(await parentOf(greeted, bob)).toBeNull()
  })

  it("is not gone on with there under another name, though its message looks alike", async () => {
    await chat("chat-alice", "Please answer both of the mails", done)
    expect(await parentOf([user("Please answer both mails"), answer(done), user("u")], "chat-bob")).toBeNull()
  })

  it("is the same one where a message is the same, under whatever name: it was copied", async () => {
    const items = await chat(
      "chat-alice",
      "Read the mail",
      "There are two new messages.",
      "Answer both",
      done,
    )
    expect(await parentOf([...items, user("u")], "chat-copy")).not.toBeNull()
    const changed = [user("It is noon. Read the mail"), ...items.slice(1), user("u")]
    expect(await parentOf(changed, "chat-copy")).not.toBeNull()
  })

  it("is the same one where a clock has changed its only message", async () => {
    await chat(undefined, "[12:00] hi", greeting)
    expect(await parentOf([user("[12:01] hi"), answer(greeting), user("u")])).not.toBeNull()
  })

  it("is not the same one for what a developer says in front of any chat", async () => {
    const rules = developer("Be brief.")
    await ledger.turn({ input: [rules, user("Read the mail")], sessionKey: "chat-alice" }, [answer(done)])
    const input = [rules, user("Mend the parser"), answer(done), user("And then?")]
    expect(await parentOf(input, "chat-bob")).toBeNull()
  })
})

describe("a chat that begins with the words of one that was stopped", () => {
  it.each([
    ["under another name begins anew", "chat-bob", true],
    ["under the same name goes on there", "chat-alice", false],
  ])("%s", async (_, bob, isNew) => {
    const report = [user("Run the report")]
    await ledger.turn({ input: report, sessionKey: "chat-alice" }, [ran("make report")], "cancelled")
    expect((await parentOf(report, bob)) === null).toBe(isNew)
    expect((await parentOf([...report, user("Is it done?")], bob)) === null).toBe(isNew)
  })
})
