import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Item } from "../../src/domain/items.ts"
import { answer, call, ResentLedger, ran, result, summaryOf, user } from "./resent-ledger.ts"

/** Turns that were stopped or failed: what they did is known to what comes next, and nothing is lost that a client says. */

let ledger: ResentLedger

beforeEach(async () => {
  ledger = await ResentLedger.open()
})
afterEach(() => ledger.close())

const sky = "The sky is blue, as far as one can see."
const deed = ran("rm x")
const [c1, c2] = ["1", "2"].map((digit) => `call_${digit.repeat(32)}`) as [string, string]

async function began(): Promise<{ readonly begun: readonly Item[]; readonly first: string }> {
  const { turnId } = await ledger.turn({ input: [user("u1")] }, [answer(sky)])
  return { begun: [user("u1"), answer(sky)], first: turnId }
}

describe("a message in place of one that was stopped", () => {
  it.each<[string, string]>([
    ["ok", "look at the tokens"],
    ["look at the tokens", "ok"],
    ["fix the tests of the parser", "fix the tests of the parser\nand those of the printer"],
    ["fix the tests of the parser, and those of the printer", "fix the tests of the parser"],
    ["a\nok\nb", "ok"],
  ])("is asked, whatever it has of that: %j, %j", async (stopped, instead) => {
    const { begun } = await began()
    const cut = await ledger.turn({ input: [...begun, user(stopped)] }, [deed], "cancelled")
    const plan = await ledger.plan({ input: [...begun, user(instead), user("and hurry")] })
    expect(summaryOf(plan)).toMatchObject({ behind: cut.turnId, told: [], asked: [instead, "and hurry"] })
  })

  it.each<[string, string]>([
    ["<context>a file</context>\n\nfix it", "fix it"],
    ["```\na file\n```\n\nfix the tests of it", "fix the tests of it"],
    ["<task>\nfix it\n</task>\n<files>a</files>", "fix it"],
  ])("is not asked again where only a file's text around it is gone: %j, %j", async (stopped, plain) => {
    const { begun } = await began()
    const cut = await ledger.turn({ input: [...begun, user(stopped)] }, [deed], "cancelled")
    const plan = await ledger.plan({ input: [...begun, user(plain), user("and hurry")] })
    expect(summaryOf(plan)).toMatchObject({ behind: cut.turnId, told: [], asked: ["and hurry"] })
  })
})

describe("calls that nobody answered, left out by the client", () => {
  it("are gone on behind", async () => {
    const { begun } = await began()
    const called = await ledger.turn({ input: [...begun, user("u2")] }, [deed, call(c1)])
    const plan = await ledger.plan({ input: [...begun, user("u2"), user("u3")] })
    // It is told what was done.
    expect(summaryOf(plan)).toEqual({ behind: called.turnId, told: [], asked: ["u3"], seen: "" })
  })

  it.each(["cancelled", "failed"] as const)(
    "so are those of a loop that %s behind their outputs",
    async (status) => {
      const { begun } = await began()
      const input = [...begun, user("u2")]
      await ledger.turn({ input }, [deed, call(c1)])
      input.push(call(c1), result(c1))
      await ledger.turn({ input }, [call(c2)])
      input.push(call(c2), result(c2))
      const cut = await ledger.turn({ input }, [deed], status)
      const plan = await ledger.plan({ input: [...begun, user("u2"), user("u3")] })
      expect(summaryOf(plan)).toMatchObject({ behind: cut.turnId, told: [], asked: ["u3"] })
      const again = await ledger.plan({ input: [...begun, user("u2")] })
      expect(summaryOf(again)).toMatchObject({ behind: cut.turnId, told: [], asked: ["u2"] })
    },
  )

  it("also where the words beside them came back", async () => {
    const { begun } = await began()
    const input = [...begun, user("u2")]
    await ledger.turn({ input }, [answer("Let me look that up for you."), call(c1)])
    const cut = await ledger.turn(
      { input: [...input, answer("Let me look that up for you."), call(c1), result(c1)] },
      [deed],
      "cancelled",
    )
    const plan = await ledger.plan({ input: [...input, answer("Let me look that up for you."), user("u3")] })
    expect(summaryOf(plan)).toMatchObject({ behind: cut.turnId, told: [], asked: ["u3"] })
  })

  it("are not, where the loop was answered: the answer is wanted anew", async () => {
    const { begun, first } = await began()
    const input = [...begun, user("u2")]
    await ledger.turn({ input }, [call(c1)])
    await ledger.turn({ input: [...input, call(c1), result(c1)] }, [answer("That is all there is to it.")])
    expect(summaryOf(await ledger.plan({ input }))).toMatchObject({ behind: first, asked: ["u2"] })
    const both = await ledger.plan({ input: [...input, user("u3")] })
    expect(summaryOf(both)).toMatchObject({ behind: first, asked: ["u2", "u3"] })
  })
})

describe("the same request again goes on behind a turn that has acted, as its client was told", () => {
  const unknown = { code: "backend_died", message: "It died.", modelStatus: null } as const

  it.each<[string, readonly Item[], Parameters<ResentLedger["turn"]>[3], boolean]>([
    ["by words", [answer("I have")], null, true],
    ["maybe", [], { ...unknown, mayHaveActed: true }, true],
    ["not at all", [], unknown, false],
  ])("%s", async (_, output, error, isBehind) => {
    const { begun, first } = await began()
    const asked = { input: [...begun, user("u2")] }
    const cut = await ledger.turn(asked, output, "failed", error)
    expect(summaryOf(await ledger.plan(asked))).toMatchObject({
      behind: isBehind ? cut.turnId : first,
      asked: ["u2"],
    })
  })

  it("or nobody knows whether it had when it was stopped", async () => {
    ledger.hidesItsWork = true
    const { begun } = await began()
    const asked = { input: [...begun, user("u2")] }
    const cut = await ledger.turn(asked, [], "cancelled")
    expect(summaryOf(await ledger.plan(asked))).toMatchObject({ behind: cut.turnId, asked: ["u2"] })
  })
})

describe("what stands in place of an answer that was cut", () => {
  it.each<[string, readonly Item[]]>([
    ["I have begun with\n\n[Stopped by user]", [answer("I have begun with")]],
    ["I have\n\n[Stopped by user]", [answer("I have begun with")]],
    ["Error: the connection was lost", [deed]],
    ["[Response interrupted]", [deed, answer("I have begun with")]],
  ])("is what its client has seen: %s", async (seen, output) => {
    const { begun } = await began()
    const cut = await ledger.turn({ input: [...begun, user("u2")] }, output, "cancelled")
    const input = [...begun, user("u2"), answer(seen), user("u3")]
    const next = await ledger.turn({ input }, [answer("Then this is how it goes on.")])
    expect(summaryOf(next.plan)).toEqual({ behind: cut.turnId, told: [], asked: ["u3"], seen })
    const clock = [user("[12:05] u1"), ...input.slice(1), answer("Then this is how it goes on."), user("u4")]
    expect(summaryOf(await ledger.plan({ input: clock }))).toMatchObject({ behind: next.turnId, told: [] })
  })

  it("is told, where the turn had done nothing: another has answered", async () => {
    const { begun, first } = await began()
    await ledger.turn({ input: [...begun, user("u2")] }, [], "failed")
    const plan = await ledger.plan({ input: [...begun, user("u2"), answer("I am another."), user("u3")] })
    expect(summaryOf(plan)).toMatchObject({ behind: first, told: ["u2", "I am another."], asked: ["u3"] })
  })
})
