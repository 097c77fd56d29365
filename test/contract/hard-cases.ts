import { expect, it, type TestContext } from "vitest"
import type { Backend, Capabilities, FunctionTool } from "../../src/domain/backend.ts"
import { textOf } from "../../src/domain/items.ts"
import type { BackendHarness } from "./backend-contract.ts"
import { inputOf, noOptions, runTurn } from "./turn-recording.ts"

/** What the suite has once its backend is there. */
export interface ContractContext {
  readonly harness: BackendHarness
  readonly backend: Backend
  readonly capabilities: Capabilities
}

const clock: FunctionTool = {
  name: "get_time",
  description: "The time in a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}

/** Cases of the contract that are rare in use and hard to get right. To be called inside its `describe`. */
export function describeHardCases(context: () => ContractContext): void {
  it("takes a prompt of half a megabyte as it is", async (test) => {
    const { harness, backend } = context()
    const { prompts, heard } = harness
    skipUnless(test, heard !== undefined)
    const prompt = `${prompts.say("read")}${"So many words 🦀. ".repeat(30_000)}the end`
    const turn = await runTurn(backend, await backend.openThread(noOptions), prompt)
    expect(turn.answer).toBe("read")
    // Only the lengths: nobody wants to read the difference.
    expect(heard().at(-1)?.length).toBe(prompt.length)
  })

  it("delivers an answer of five thousand deltas whole and in order", async (test) => {
    const { harness, backend } = context()
    const { flood } = harness.prompts
    skipUnless(test, flood !== undefined)
    const turn = await runTurn(backend, await backend.openThread(noOptions), flood(5_000))
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.answer).toBe(Array.from({ length: 5_000 }, (_, index) => index + 1).join(" "))
  })

  it("shows what a command prints that is not text", async (test) => {
    const { harness, backend } = context()
    const { shell } = harness.prompts
    skipUnless(test, shell !== undefined)
    const turn = await runTurn(
      backend,
      await backend.openThread(noOptions),
      shell("printf 'a\\377\\376b\\n'"),
    )
    expect(turn.last.type).toBe("turn.completed")
    if (harness.tellsOutput === false) return
    const command = turn.items.find((item) => item.type === "command")
    expect(command?.output).toMatch(/a.*b/)
    expect(command?.output.isWellFormed()).toBe(true)
  })

  it("tells the calls that the model makes at once in one batch", async (test) => {
    const { harness, backend, capabilities } = context()
    const { prompts } = harness
    skipUnless(test, capabilities.hasFunctions && prompts.callsAtOnce !== undefined)
    const thread = await backend.openThread({ ...noOptions, tools: [clock] })
    const cities = ["Oslo", "Rome"]
    const prompt = prompts.callsAtOnce(cities.map((city) => ({ name: "get_time", args: { city } })))
    const turn = backend.startTurn(thread, inputOf(prompt))
    const batches: string[][] = []
    let last = ""
    for await (const batch of turn.events) {
      const calls = batch.flatMap((event) => (event.type === "function.called" ? [event.item] : []))
      if (calls.length > 0) batches.push(calls.map((call) => JSON.parse(call.arguments).city))
      // The second one first: a client may take its time with either.
      for (const call of calls.toReversed()) {
        await turn.answer(call.callId, [{ type: "text", text: `noon in ${call.arguments}` }])
      }
      last = batch.at(-1)?.type ?? last
    }
    expect(last).toBe("turn.completed")
    expect(batches.map((names) => names.toSorted())).toEqual([cities])
  })

  it("fails when the model's answer is cut off; the thread can be used afterwards", async (test) => {
    const { harness, backend } = context()
    const { prompts } = harness
    skipUnless(test, prompts.cut !== undefined)
    const thread = await backend.openThread(noOptions)
    const { last } = await runTurn(backend, thread, prompts.cut)
    expect(last).toMatchObject({ type: "turn.failed", error: { code: "model_error" } })
    expect((await runTurn(backend, thread, prompts.say("mended"))).answer).toBe("mended")
  })

  it("can be interrupted while the model says nothing", async (test) => {
    const { harness, backend } = context()
    const { prompts } = harness
    skipUnless(test, prompts.silence !== undefined && harness.isModelAsked !== undefined)
    const thread = await backend.openThread(noOptions)
    const asked = harness.isModelAsked()
    const turn = backend.startTurn(thread, inputOf(prompts.silence))
    void asked.then(() => turn.interrupt())
    let last = ""
    for await (const batch of turn.events) last = batch.at(-1)?.type ?? last
    expect(last).toBe("turn.interrupted")
    expect((await runTurn(backend, thread, prompts.say("at last"))).answer).toBe("at last")
  })
}

/** Of a backend that nothing else uses: the suite's own one is stopped by then. */
export function describeRestart(context: () => ContractContext): void {
  it("goes on with a thread after a restart, instructions included", async (test) => {
    const { harness } = context()
    const { another, prompts } = harness
    skipUnless(test, another !== undefined)
    const before = await another()
    const thread = await before.openThread({ ...noOptions, instructions: "Speak like a ferryman." })
    const said = await runTurn(before, thread, prompts.say("first crossing"))
    expect(textOf(said.items.flatMap((item) => (item.type === "message" ? item.content : [])))).toBe(
      "first crossing",
    )
    await before.stop()
    const after = await another()
    await after.resumeThread(thread, noOptions)
    const { answer } = await runTurn(after, thread, prompts.recall)
    expect(prompts.recalled(answer)).toEqual([prompts.say("first crossing"), prompts.recall])
    if (harness.developerText !== undefined) expect(harness.developerText()).toContain("like a ferryman")
    await after.stop()
  })
}

function skipUnless(test: TestContext, condition: boolean): asserts condition {
  test.skip(!condition, "not a feature of this backend")
}
