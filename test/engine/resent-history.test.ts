import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Item } from "../../src/domain/items.ts"
import type { Plan } from "../../src/engine/plan/plan.ts"
import {
  type Answered,
  type Asked,
  answer,
  call,
  developer,
  ResentLedger,
  ran,
  result,
  textsOf,
  tool,
  user,
} from "./resent-ledger.ts"

/** The rows of the table in docs/conversations.md. */

let ledger: ResentLedger

beforeEach(async () => {
  ledger = await ResentLedger.open()
})
afterEach(() => ledger.close())

/** A conversation of the agent's, whose turns are named by the answers that they gave. */
const turns = new Map<string, Answered>()

/** Exchanges of one conversation, each sent with all before it. */
async function talk(...texts: readonly string[]): Promise<readonly Item[]> {
  const items: Item[] = []
  for (const text of texts) {
    if (items.length % 2 === 1) {
      const said = answer(text)
      turns.set(text, await ledger.turn({ input: items }, [ran(`make ${text}`), said]))
      items.push(said)
    } else items.push(user(text))
  }
  return items
}

/** Name of the turn behind which a plan goes on; null: a new conversation. */
function parentOf(plan: Plan): string | null {
  for (const [name, { turnId }] of turns) if (turnId === plan.parentTurnId) return name
  return plan.parentTurnId === null ? null : "another"
}

/** Where a request goes on, what a thread is told of it, and what is asked. */
async function planned(asked: Asked) {
  const plan = await ledger.plan(asked)
  return { behind: parentOf(plan), told: textsOf(plan.clientHistory), asked: textsOf(plan.added) }
}

const sky = "The sky is blue, as far as one can see."
const sea = "The sea is green today, and rather cold."
const sun = "The sun is far away, and very hot indeed."
const rain = "There will be rain in the afternoon, they say."

describe("a conversation that comes back", () => {
  it("as it was goes on in its thread", async () => {
    const items = await talk("u1", sky, "u2", sea)
    expect(await planned({ input: [...items, user("u3")] })).toEqual({ behind: sea, told: [], asked: ["u3"] })
    const { plan } = await ledger.turn({ input: [...items, user("u3")] }, [answer("x")])
    expect(plan.thread.id).toBe(turns.get(sea)?.plan.thread.id)
    expect(plan.fork).toBeNull()
  })

  it("up to an earlier answer is forked there", async () => {
    const items = await talk("u1", sky, "u2", sea)
    const plan = await ledger.plan({ input: [...items.slice(0, 2), user("u2, edited")] })
    expect(parentOf(plan)).toBe(sky)
    expect(plan.fork?.turn.id).toBe(turns.get(sky)?.turnId)
    expect(textsOf(plan.added)).toEqual(["u2, edited"])
  })

  it.each<[string, Partial<Asked>, { readonly instructions: boolean; readonly tools: boolean }]>([
    ["instructions", { instructions: "It is noon." }, { instructions: true, tools: false }],
    ["functions", { tools: [tool("b"), tool("a")] }, { instructions: false, tools: true }],
    ["both", { instructions: "It is noon.", tools: [tool("a")] }, { instructions: true, tools: true }],
    ["neither", {}, { instructions: false, tools: false }],
  ])("with other %s goes on, and says what is other", async (_, changed, changes) => {
    const items = await talk("u1", sky, "u2", sea)
    const plan = await ledger.plan({ input: [...items, user("u3")], ...changed })
    expect(parentOf(plan)).toBe(sea)
    expect(plan.changes).toEqual(changes)
    expect(textsOf(plan.clientHistory)).toEqual([])
  })

  it("with the same functions in another order has changed nothing", async () => {
    const first = await ledger.turn({ input: [user("u1")], tools: [tool("a"), tool("b")] }, [answer(sky)])
    const asked = { input: [user("u1"), answer(sky), user("u2")], tools: [tool("b"), tool("a")] }
    const plan = await ledger.plan(asked)
    expect(plan.thread.id).toBe(first.plan.thread.id)
    expect(plan.changes).toEqual({ instructions: false, tools: false })
  })

  it("with the users' messages changed goes on: a clock, a file's text, a reminder that is gone", async () => {
    await talk("[12:00] u1", sky, "[12:01] <context>file</context> u2", sea)
    const input = [user("[12:05] u1"), answer(sky), user("u2"), answer(sea), user("u3")]
    expect(await planned({ input })).toEqual({ behind: sea, told: [], asked: ["u3"] })
    const reminded = [
      user("u1"),
      developer("Mind the rules."),
      answer(sky),
      user("u2"),
      answer(sea),
      user("u3"),
    ]
    expect(await planned({ input: reminded })).toEqual({ behind: sea, told: [], asked: ["u3"] })
  })

  it("as it was sent once, with all its changes, is found at once", async () => {
    await talk("[12:00] u1", sky)
    const changed = [user("[12:05] u1"), answer(sky), user("u2")]
    const next = await ledger.turn({ input: changed }, [answer(sea)])
    ledger.lookups = 0
    const plan = await ledger.plan({ input: [...changed, answer(sea), user("u3")] })
    expect(plan.parentTurnId).toBe(next.turnId)
    // The turn by its conversation, itself, its thread, and what came after it.
    expect(ledger.lookups).toBe(4)
  })
})

describe("a conversation whose front is gone", () => {
  it("goes on behind its last answer: a memory keeps five exchanges", async () => {
    const texts = Array.from({ length: 9 }, (_, index) => [`q${index}`, `${rain} (${index})`]).flat()
    const items = await talk(...texts)
    const window = items.slice(-10)
    expect(await planned({ input: [...window, user("next")] })).toEqual({
      behind: `${rain} (8)`,
      told: [],
      asked: ["next"],
    })
  })

  it("goes on from window to window", async () => {
    const items: Item[] = []
    let last: Answered | null = null
    for (let index = 0; index < 12; index += 1) {
      const asked = [...items.slice(-10), user(`[${index}:00] go on`)]
      const next = await ledger.turn({ input: asked }, [answer("OK")])
      if (last !== null) expect([index, next.plan.parentTurnId]).toEqual([index, last.turnId])
      items.push(user(`[${index}:00] go on`), answer("OK"))
      last = next
    }
  })

  it("goes on where a memory has put a summary in its place", async () => {
    await talk("u1", sky, "u2", sea, "u3", sun)
    const input = [user("Sum: sky, sea."), answer("Ok."), user("u3"), answer(sun), user("u4")]
    expect(await planned({ input })).toEqual({ behind: sun, told: [], asked: ["u4"] })
  })

  it("is not taken for another one that has said the same word", async () => {
    await talk("u1", sky, "u2", "OK")
    expect(await planned({ input: [user("something"), answer("OK"), user("next")] })).toEqual({
      behind: null,
      told: ["something", "OK"],
      asked: ["next"],
    })
  })
})

describe("an answer that was never given", () => {
  it.each<[string, readonly Item[], string | null, readonly string[]]>([
    [
      "in place of the last one",
      [user("u1"), answer(sky), user("u2"), answer("Something else."), user("u3")],
      sky,
      ["u2", "Something else."],
    ],
    [
      "in the middle",
      [user("u1"), answer(sky), user("u2"), answer(rain), user("u3"), answer(sun), user("u4")],
      sky,
      ["u2", rain, "u3", sun],
    ],
    [
      "in place of the first one",
      [user("u1"), answer(rain), user("u2"), answer(sea), user("u3")],
      null,
      ["u1", rain, "u2", sea],
    ],
    [
      "cut short by hand",
      [user("u1"), answer(sky), user("u2"), answer(sea.slice(0, 20)), user("u3")],
      sky,
      ["u2", sea.slice(0, 20)],
    ],
    [
      "of two that were joined",
      [user("u1"), answer(`${sky}\n\n${sea}`), user("u3")],
      null,
      ["u1", `${sky}\n\n${sea}`],
    ],
    [
      "behind a trimmed front",
      [user("u2"), answer(sea), user("u3"), answer(rain), user("u4")],
      sea,
      ["u3", rain],
    ],
  ])("%s is told behind the last turn before it that is known", async (_, input, behind, told) => {
    await talk("u1", sky, "u2", sea, "u3", sun)
    const last = textsOf(input.slice(-1))
    expect(await planned({ input })).toEqual({ behind, told, asked: last })
  })

  it("is known from then on", async () => {
    await talk("u1", sky, "u2", sea)
    const edited = [user("u1"), answer(sky), user("u2"), answer("Something else."), user("u3")]
    const branch = await ledger.turn({ input: edited }, [answer(sun)])
    const plan = await ledger.plan({ input: [...edited, answer(sun), user("u4")] })
    expect(plan.parentTurnId).toBe(branch.turnId)
    expect(plan.thread.id).toBe(branch.plan.thread.id)
  })

  it("stands in place of one that was asked again for ('More Concise'): behind the turn that gave it, or before both", async () => {
    await talk("u1", sky)
    const concise = await ledger.turn({ input: [user("u1"), answer(sky), user("More Concise")] }, [
      answer(sea),
    ])
    const first = await ledger.plan({ input: [user("u1"), answer(sea), user("u2")] })
    expect(first.parentTurnId).toBe(concise.turnId)
    await talk("v1", sun, "v2", rain, "More Concise", "Rain, that is what is coming.")
    const later = [user("v1"), answer(sun), user("v2"), answer("Rain, that is what is coming."), user("v3")]
    expect(await planned({ input: later })).toEqual({
      behind: sun,
      told: ["v2", "Rain, that is what is coming."],
      asked: ["v3"],
    })
  })
})

describe("an answer that a client is known to change", () => {
  it.each<[string, readonly Item[], readonly string[]]>([
    ["thoughts in front", [answer(`<think>\nHm\n</think>\n${sky}`)], []],
    ["thoughts as a message of their own", [answer("<think>\nHm\n</think>"), answer(sky)], []],
    [
      "reasoning in an element",
      [answer(`<details type="reasoning" done="true">\n> Hm\n</details>\n${sky}`)],
      [],
    ],
    ["white space", [answer(`\n ${sky} \n`)], []],
    ["two messages", [answer(sky.slice(0, 17)), answer(sky.slice(17))], []],
    ["the stop text and an invention", [answer(`${sky}\nObservation: none\nThus…`)], ["Observation:"]],
    ["the stop text of an earlier request", [answer(sky)], ["sky"]],
  ])("%s is the same answer", async (_, said, stopTexts) => {
    await talk("u1", sky)
    expect(await planned({ input: [user("u1"), ...said, user("u2")], stopTexts })).toEqual({
      behind: sky,
      told: [],
      asked: ["u2"],
    })
  })
})

describe("calls of functions", () => {
  const id = `call_${"0a".repeat(16)}`

  async function called(...said: readonly Item[]): Promise<Answered> {
    return ledger.turn({ input: [user("u1")], tools: [tool("look")] }, [...said, call(id, '{"city":"Oslo"}')])
  }

  it.each<[string, readonly Item[]]>([
    ["as they were", [call(id, '{"city":"Oslo"}')]],
    ["with their arguments changed", [call(id, '{ "city": "Oslo", "unit": "C" }')]],
    ["with another text beside them", [answer("Let me look that up for you."), call(id)]],
    ["without the text beside them", [call(id)]],
  ])("are found %s", async (_, back) => {
    const first = await called(answer("I look."))
    const plan = await ledger.plan({ input: [user("u1"), ...back, result(id)], tools: [tool("look")] })
    expect(plan.parentTurnId).toBe(first.turnId)
    expect(plan.thread.id).toBe(first.plan.thread.id)
    expect(textsOf(plan.added)).toEqual([`output of ${id}`])
  })

  it.each<[string, Partial<Asked>]>([
    ["functions left out", {}],
    ["a clock in the instructions", { tools: [tool("look")], instructions: "It is noon." }],
    ["other functions", { tools: [tool("other")] }],
    ["an agent in the caller's place", { tools: [tool("other")], instructions: "You are another." }],
  ])("waiting for outputs that come with %s", async (_, changed) => {
    const first = await called()
    const plan = await ledger.plan({ input: [user("u1"), call(id), result(id)], ...changed })
    expect(plan.parentTurnId).toBe(first.turnId)
    expect(plan.thread).toMatchObject({
      id: first.plan.thread.id,
      instructions: changed.instructions ?? null,
    })
  })

  it.each<[string, string]>([
    ["its arguments", '{ "city": "Oslo" }'],
    ["its arguments, wrapped", '{"output":{"city":"Oslo"}}'],
    ["its id, in words", `Calling tools:\n[{'id': '${id}', 'name': 'look'}]`],
  ])("that came back as an answer of %s, without an output, are found", async (_, text) => {
    const first = await called()
    const plan = await ledger.plan({ input: [user("u1"), answer(text), user("u2")], tools: [tool("look")] })
    expect(plan.parentTurnId).toBe(first.turnId)
    expect(textsOf(plan.clientHistory)).toEqual([])
  })

  it("belong to the conversation of that name, which sends new messages only", async () => {
    const session = { sessionKey: "s1", tools: [tool("look")] }
    const first = await ledger.turn({ ...session, input: [user("u1")] }, [answer(sky)])
    const second = await ledger.turn({ ...session, input: [user("u2")] }, [call(id)])
    const third = await ledger.turn({ ...session, input: [user("u2"), call(id), result(id)] }, [answer(sea)])
    const fourth = await ledger.turn({ ...session, input: [user("u3")] }, [answer(sun)])
    const parents = [second, third, fourth].map(({ plan }) => plan.parentTurnId)
    expect(parents).toEqual([first.turnId, second.turnId, third.turnId])
    expect(third.plan.thread.id).toBe(first.plan.thread.id)
  })
})

describe("several conversations that fit", () => {
  it("are told apart by what was said before", async () => {
    await talk("u1", sky, "u2", "OK")
    turns.delete("OK")
    const second = await talk("u1", sea, "u2", "OK")
    expect(await planned({ input: [...second, user("u3")] })).toMatchObject({ behind: "OK", told: [] })
  })

  it("are told apart by what was asked", async () => {
    await talk("u1", "OK")
    const first = turns.get("OK")
    await talk("v1", "OK")
    const plan = await ledger.plan({
      input: [user("u1"), answer("OK"), user("next")],
      instructions: "Other.",
    })
    expect(plan.parentTurnId).toBe(first?.turnId)
  })

  it("are told apart by the client's name of the conversation", async () => {
    const [a, b] = await Promise.all(
      ["a", "b"].map((sessionKey) => ledger.turn({ input: [user("hi")], sessionKey }, [answer("hello")])),
    )
    const input = [user("hi"), answer("hello"), user("more")]
    expect((await ledger.plan({ input, sessionKey: "a" })).parentTurnId).toBe(a?.turnId)
    expect((await ledger.plan({ input, sessionKey: "b" })).parentTurnId).toBe(b?.turnId)
  })

  it("equally well, and in which the agent did the same, are one", async () => {
    for (const output of ["12:00", "12:00"]) {
      await ledger.turn({ input: [user("hi")] }, [ran("date", output), answer("hello")])
    }
    expect(
      (await ledger.plan({ input: [user("hi"), answer("hello"), user("more")] })).parentTurnId,
    ).not.toBeNull()
  })

  it("equally well share nothing where the agent did something else in each", async () => {
    for (const output of ["12:00", "12:01"]) {
      await ledger.turn({ input: [user("hi")] }, [ran("date", output), answer("hello")])
    }
    expect(await planned({ input: [user("hi"), answer("hello"), user("more")] })).toEqual({
      behind: null,
      told: ["hi", "hello"],
      asked: ["more"],
    })
  })

  it("equally well behind the same turns share these", async () => {
    const items = await talk("u1", sky)
    for (const output of ["1", "2"]) {
      await ledger.turn({ input: [...items, user("u2")] }, [ran("date", output), answer("OK")])
    }
    expect(await planned({ input: [...items, user("u2"), answer("OK"), user("u3")] })).toEqual({
      behind: sky,
      told: ["u2", "OK"],
      asked: ["u3"],
    })
  })

  it("on the way to each other are the last of them", async () => {
    const items: Item[] = [...(await talk("begin", sky))]
    let last = ""
    for (let index = 0; index < 8; index += 1) {
      items.push(user("go on"))
      last = (await ledger.turn({ input: items }, [answer("OK")])).turnId
      items.push(answer("OK"))
    }
    expect((await ledger.plan({ input: [...items.slice(-6), user("go on")] })).parentTurnId).toBe(last)
  })
})

describe("an id of the client's", () => {
  it("does not keep a conversation from being found under another one, which gets a thread of its own", async () => {
    const original = await ledger.turn({ input: [user("u1")], sessionKey: "chat-1" }, [answer(sky)])
    const plan = await ledger.plan({ input: [user("u1"), answer(sky), user("u2")], sessionKey: "chat-2" })
    expect(plan.parentTurnId).toBe(original.turnId)
    expect(plan.thread).toMatchObject({ sessionKey: "chat-2" })
    expect(plan.thread.id).not.toBe(original.plan.thread.id)
    expect(plan.fork?.turn.id).toBe(original.turnId)
  })

  it("that two chats share leaves each its own", async () => {
    const shared = { sessionKey: "temporary:1", resendsHistory: true }
    const first = await ledger.turn({ input: [user("u1")], ...shared }, [answer(sky)])
    const second = await ledger.turn({ input: [user("v1")], ...shared }, [answer(sea)])
    expect(second.plan.parentTurnId).toBeNull()
    const plan = await ledger.plan({ input: [user("u1"), answer(sky), user("u2")], ...shared })
    expect(plan.thread.id).toBe(first.plan.thread.id)
  })

  it("goes on alone where nothing of the conversation comes with it, and not behind one that did", async () => {
    const first = await ledger.turn({ input: [user("u1")], sessionKey: "s" }, [answer(sky)])
    const second = await ledger.turn({ input: [user("u2")], sessionKey: "s" }, [answer(sea)])
    expect(second.plan.parentTurnId).toBe(first.turnId)
    const tail = [user("u2"), answer(sea), user("u3")]
    const third = await ledger.turn({ input: tail, sessionKey: "s" }, [answer(sun)])
    expect(third.plan.parentTurnId).toBe(second.turnId)
    expect((await ledger.plan({ input: [user("u1, edited")], sessionKey: "s" })).parentTurnId).toBeNull()
  })

  it("makes a short tail known", async () => {
    await ledger.turn({ input: [user("u1")], sessionKey: "s" }, [answer(sky)])
    const second = await ledger.turn({ input: [user("[12:00] u2")], sessionKey: "s" }, [answer("OK")])
    const plan = await ledger.plan({ input: [user("[12:05] u2"), answer("OK"), user("u3")], sessionKey: "s" })
    expect(plan.parentTurnId).toBe(second.turnId)
  })
})

describe("a turn that was stopped or failed", () => {
  const deed = ran("make all", "made")

  it.each<[string, readonly Item[], "failed" | "cancelled" | "completed"]>([
    ["stopped before it answered", [deed], "cancelled"],
    ["failed", [deed], "failed"],
    ["failed, having said something that its client dropped", [deed, answer("Half of")], "failed"],
    ["ended without a word", [deed], "completed"],
    ["failed before it did anything", [], "failed"],
  ])("%s is followed by the next message, also at the beginning", async (_, output, status) => {
    const items = await talk("u1", sky)
    for (const before of [items, []]) {
      const cut = await ledger.turn({ input: [...before, user("u2")] }, output, status)
      const plan = await ledger.plan({ input: [...before, user("u2"), user("u3")] })
      expect(plan.parentTurnId).toBe(cut.turnId)
      expect(plan.thread.id).toBe(cut.plan.thread.id)
      expect(textsOf(plan.clientHistory)).toEqual([])
      expect(textsOf(plan.added)).toEqual(["u3"])
    }
  })

  it("is found where a client has less of its answer, which is what the agent is told", async () => {
    const items = await talk("u1", sky)
    const cut = await ledger.turn({ input: [...items, user("u2")] }, [deed, answer(sea)], "cancelled")
    const input = [...items, user("u2"), answer(sea.slice(0, 17)), user("u3")]
    const next = await ledger.turn({ input }, [answer(sun)])
    expect(next.plan.parentTurnId).toBe(cut.turnId)
    expect(next.plan.thread.id).toBe(cut.plan.thread.id)
    expect(next.plan.seenText).toBe(sea.slice(0, 17))
    expect(textsOf(next.plan.added)).toEqual(["u3"])
    const more = await ledger.plan({ input: [...input, answer(sun), user("u4")] })
    expect(more.parentTurnId).toBe(next.turnId)
    const trimmed = await ledger.plan({ input: [...input.slice(2), answer(sun), user("u4")] })
    expect(trimmed.parentTurnId).toBe(next.turnId)
  })

  it("is found where a file's text stood around its message, and where a clock has changed it", async () => {
    const items = await talk("u1", sky)
    const cut = await ledger.turn({ input: [...items, user("<context>a</context> u2")] }, [deed], "failed")
    const plain = await ledger.plan({ input: [...items, user("u2"), user("<context>a</context> u3")] })
    expect([plain.parentTurnId, textsOf(plain.added)]).toEqual([cut.turnId, ["<context>a</context> u3"]])
    const clock = await ledger.plan({ input: [...items, user("[12:05] u 2"), user("u3")] })
    expect([clock.parentTurnId, textsOf(clock.added)]).toEqual([cut.turnId, ["[12:05] u 2", "u3"]])
  })

  it("that is asked for again goes on behind it, where it has acted", async () => {
    const items = await talk("u1", sky)
    const asked = { input: [...items, user("u2")] }
    const cut = await ledger.turn(asked, [deed], "failed")
    const again = await ledger.turn(asked, [deed], "failed")
    expect([again.plan.parentTurnId, textsOf(again.plan.added)]).toEqual([cut.turnId, ["u2"]])
    const third = await ledger.turn(asked, [answer(sea)])
    expect(third.plan.parentTurnId).toBe(again.turnId)
    const next = await ledger.plan({ input: [...asked.input, answer(sea), user("u3")] })
    expect([next.parentTurnId, next.thread.id]).toEqual([third.turnId, cut.plan.thread.id])
  })

  it("that did nothing is asked for again in its place", async () => {
    const items = await talk("u1", sky)
    await ledger.turn({ input: [...items, user("u2")] }, [], "failed")
    expect(await planned({ input: [...items, user("u2")] })).toEqual({ behind: sky, told: [], asked: ["u2"] })
  })

  it("and was asked for again is known to what comes then", async () => {
    const asked = { input: [user("u1")] }
    await ledger.turn(asked, [deed], "failed")
    const again = await ledger.turn(asked, [deed], "failed")
    const next = await ledger.plan({ input: [user("u1"), user("u2")] })
    expect([next.parentTurnId, textsOf(next.added)]).toEqual([again.turnId, ["u2"]])
  })

  it("behind the outputs of calls does not get them again", async () => {
    const first = await ledger.turn({ input: [user("u1")] }, [call("call_1")])
    const input = [user("u1"), call("call_1"), result("call_1")]
    const cut = await ledger.turn({ input }, [deed], "failed")
    expect(cut.plan.parentTurnId).toBe(first.turnId)
    const again = await ledger.plan({ input })
    expect([again.parentTurnId, again.added]).toEqual([cut.turnId, []])
    const next = await ledger.plan({ input: [...input, user("u2")] })
    expect([next.parentTurnId, textsOf(next.added)]).toEqual([cut.turnId, ["u2"]])
  })

  it("is not taken for one that was answered: asked again, that is a branch", async () => {
    const items = await talk("u1", sky, "u2", sea)
    expect(await planned({ input: items.slice(0, 3) })).toEqual({ behind: sky, told: [], asked: ["u2"] })
  })

  it("is not taken for one that was asked something else", async () => {
    const items = await talk("u1", sky)
    await ledger.turn({ input: [...items, user("u2")] }, [deed], "failed")
    expect(await planned({ input: [...items, user("v2")] })).toEqual({ behind: sky, told: [], asked: ["v2"] })
    expect(await planned({ input: [user("v1"), user("v2")] })).toEqual({
      behind: null,
      told: [],
      asked: ["v1", "v2"],
    })
  })
})

describe("a client that names the answer before and sends again what led to it", () => {
  it("has its order kept, and nothing delivered twice", async () => {
    const first = await ledger.turn({ input: [user("u1")] }, [call("call_1")])
    const second = await ledger.turn(
      { previousResponseId: first.responseId, input: [user("u1"), result("call_1")] },
      [call("call_2")],
    )
    expect(textsOf(second.plan.added)).toEqual(["output of call_1"])
    expect(second.plan.thread.id).toBe(first.plan.thread.id)
    const asked = [user("u1"), result("call_1"), result("call_2"), user("and quickly")]
    const third = await ledger.plan({ previousResponseId: second.responseId, input: asked })
    expect(textsOf(third.added)).toEqual(["output of call_2", "and quickly"])
    const withCall = [user("u1"), call("call_2"), result("call_2")]
    const fourth = await ledger.plan({ previousResponseId: second.responseId, input: withCall })
    expect([textsOf(fourth.clientHistory), textsOf(fourth.added)]).toEqual([[], ["output of call_2"]])
  })

  it("may say the same again behind an answer", async () => {
    const first = await ledger.turn({ input: [user("go on")] }, [answer(sky)])
    const plan = await ledger.plan({ previousResponseId: first.responseId, input: [user("go on")] })
    expect(textsOf(plan.added)).toEqual(["go on"])
  })

  it.each<[string, readonly Item[]]>([
    ["nobody asked for", [result("call_1"), result("call_9")]],
    ["is missing", [user("u1")]],
  ])("is told of an output that %s", async (_, input) => {
    const { responseId } = await ledger.turn({ input: [user("u1")] }, [call("call_1")])
    await expect(ledger.plan({ previousResponseId: responseId, input })).rejects.toMatchObject({
      code: "invalid_request",
      param: "input",
    })
  })
})

describe("a thousand conversations that were all answered OK", () => {
  it("cost a bounded number of lookups, and the one that is meant is found", async () => {
    const begun = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        ledger.turn({ input: [user(`question ${index}`)] }, [answer("OK")]),
      ),
    )
    for (const index of [0, 432, 999]) {
      ledger.lookups = 0
      const known = await ledger.plan({ input: [user(`question ${index}`), answer("OK"), user("next")] })
      expect(known.parentTurnId).toBe(begun[index]?.turnId)
      expect(ledger.lookups).toBeLessThan(10)
    }
    ledger.lookups = 0
    const unknown = [user("[12:05] question"), answer("OK"), user("?"), answer("OK"), user("next")]
    expect((await ledger.plan({ input: unknown })).parentTurnId).toBeNull()
    expect(ledger.lookups).toBeLessThan(100)
  })
})
