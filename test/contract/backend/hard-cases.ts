import { expect, it } from "vitest"
import type { FunctionTool } from "../../../src/domain/items.ts"
import { inputOf, noOptions, runTurn } from "../turn-recording.ts"
import { type Contract, needs } from "./contract.ts"

const clock: FunctionTool = {
  name: "get_time",
  description: "The time in a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}

/** Cases of the contract that are rare in use and hard to get right. To be called inside its `describe`. */
export function describeHardCases(contract: Contract): void {
  it("takes a prompt of half a megabyte as it is", async (test) => {
    const { harness, backend } = contract
    const { prompts, heard } = harness
    needs(test, heard)
    const prompt = `${prompts.say("read")}${"So many words 🦀. ".repeat(30_000)}the end`
    const turn = await runTurn(backend, await backend.openThread(noOptions), prompt)
    expect(turn.answer).toBe("read")
    // Only the lengths: nobody wants to read the difference.
    expect(heard().at(-1)?.length).toBe(prompt.length)
  })

  it("delivers an answer of five thousand deltas whole and in order", async (test) => {
    const { harness, backend } = contract
    const { flood } = harness.prompts
    needs(test, flood)
    const turn = await runTurn(backend, await backend.openThread(noOptions), flood(5_000))
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.answer).toBe(Array.from({ length: 5_000 }, (_, index) => index + 1).join(" "))
  })

  it("shows what a command prints that is not text", async (test) => {
    const { harness, backend } = contract
    const { shell } = harness.prompts
    needs(test, shell)
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
    const { harness, backend, capabilities } = contract
    const { prompts } = harness
    needs(test, capabilities.hasFunctions)
    needs(test, prompts.callsAtOnce)
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
    const { harness, backend } = contract
    const { prompts } = harness
    needs(test, prompts.cut)
    const thread = await backend.openThread(noOptions)
    const { last } = await runTurn(backend, thread, prompts.cut)
    expect(last).toMatchObject({ type: "turn.failed", error: { code: "model_error" } })
    expect((await runTurn(backend, thread, prompts.say("mended"))).answer).toBe("mended")
  })

  it("can be interrupted while the model says nothing", async (test) => {
    const { harness, backend } = contract
    const { prompts } = harness
    needs(test, prompts.silence)
    needs(test, harness.isModelAsked)
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
