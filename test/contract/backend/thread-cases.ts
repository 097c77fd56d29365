import { expect, it } from "vitest"
import { waitFor } from "../../support/wait-for.ts"
import { assistantMessage, noOptions, userMessage } from "../turn-recording.ts"
import { type Contract, needs } from "./contract.ts"

/** What a thread knows, and for how long. To be called inside the `describe` of the contract. */
export function describeThreads(contract: Contract): void {
  it("continues a thread with what was said before", async () => {
    const thread = await contract.open()
    await contract.run(thread, contract.prompts.say("one"))
    await contract.run(thread, contract.prompts.say("two"))
    expect(await contract.recall(thread)).toEqual([
      contract.prompts.say("one"),
      contract.prompts.say("two"),
      contract.prompts.recall,
    ])
  })

  it("keeps two threads apart that run at the same time", async () => {
    const [a, b] = await Promise.all([contract.open(), contract.open()])
    const [turnA, turnB] = await Promise.all([
      contract.run(a, contract.prompts.say("alpha")),
      contract.run(b, contract.prompts.say("beta")),
    ])
    expect([turnA.answer, turnB.answer]).toEqual(["alpha", "beta"])
    expect(await contract.recall(a)).toEqual([contract.prompts.say("alpha"), contract.prompts.recall])
    expect(await contract.recall(b)).toEqual([contract.prompts.say("beta"), contract.prompts.recall])
  })

  it("forks at an earlier turn: the fork knows only what was before, the source goes on", async (context) => {
    needs(context, contract.capabilities.hasFork)
    const source = await contract.open()
    const first = await contract.run(source, contract.prompts.say("before"))
    await contract.run(source, contract.prompts.say("after"))
    const fork = await contract.backend.forkThread(source, first.ref, noOptions)
    await contract.run(fork, contract.prompts.say("branch"))
    expect(await contract.recall(fork)).toEqual([
      contract.prompts.say("before"),
      contract.prompts.say("branch"),
      contract.prompts.recall,
    ])
    expect(await contract.recall(source)).toEqual([
      contract.prompts.say("before"),
      contract.prompts.say("after"),
      contract.prompts.recall,
    ])
  })

  it("begins a thread with a given history, in order and once", async () => {
    const thread = await contract.open({
      history: ["first", "second"].map((text) => ({
        input: [userMessage(text)],
        output: [assistantMessage(`answer to ${text}`)],
        native: null,
      })),
    })
    expect(await contract.recall(thread)).toEqual(["first", "second", contract.prompts.recall])
  })

  it("seeds a new thread with the native items of an old one", async () => {
    const source = await contract.open()
    const said = await contract.run(source, contract.prompts.say("remember me"))
    const thread = await contract.open({
      history: [
        {
          input: [userMessage("seeded question")],
          output: said.items,
          native: { kind: contract.backend.kind, items: said.native },
        },
      ],
    })
    expect(await contract.recall(thread)).toEqual(["seeded question", contract.prompts.recall])
  })

  it("tells the native items of a turn also in a resumed and in a forked thread", async (context) => {
    const thread = await contract.open()
    const first = await contract.run(thread, contract.prompts.say("native"))
    needs(context, first.native.length > 0)
    await contract.backend.closeThread(thread)
    await contract.backend.resumeThread(thread, noOptions)
    const resumed = await contract.run(thread, contract.prompts.say("native"))
    expect(resumed.native).toHaveLength(first.native.length)
    if (!contract.capabilities.hasFork) return
    const fork = await contract.backend.forkThread(thread, resumed.ref, noOptions)
    expect((await contract.run(fork, contract.prompts.say("native"))).native).toHaveLength(
      first.native.length,
    )
  })

  it("keeps no record of an ephemeral thread", async (context) => {
    const { records } = contract.harness
    needs(context, records)
    const before = records()
    const thread = await contract.open({ isEphemeral: true })
    await contract.run(thread, contract.prompts.say("nobody will know"))
    // A CLI that always keeps a record removes it with the end of its thread.
    await contract.backend.closeThread(thread)
    expect(records()).toEqual(before)
  })

  it("removes the CLI's own record with the thread, and takes an unknown thread for removed", async (context) => {
    const { records } = contract.harness
    needs(context, records)
    const before = records()
    const thread = await contract.open()
    await contract.run(thread, contract.prompts.say("delete me"))
    expect(records()).not.toEqual(before)
    await contract.backend.deleteThread(thread)
    expect(records()).toEqual(before)
    await contract.backend.deleteThread(thread)
    await contract.backend.deleteThread("00000000-0000-4000-8000-000000000000")
  })

  it("gives a closed thread back, and resumes it with its memory", async () => {
    const thread = await contract.open()
    await contract.run(thread, contract.prompts.say("kept"))
    await contract.backend.closeThread(thread)
    await contract.backend.closeThread("00000000-0000-4000-8000-000000000000")
    const { isLoaded } = contract.harness
    if (isLoaded !== undefined) {
      await waitFor(async () => !(await isLoaded(thread)), { what: "the thread to be unloaded" })
    }
    await contract.backend.resumeThread(thread, noOptions)
    expect(await contract.recall(thread)).toEqual([contract.prompts.say("kept"), contract.prompts.recall])
  })

  it("says that it has lost a thread that it does not know", async () => {
    const unknown = "00000000-0000-4000-8000-000000000000"
    await expect(contract.backend.resumeThread(unknown, noOptions)).rejects.toMatchObject({
      code: "thread_lost",
    })
    const { last } = await contract.run(unknown, contract.prompts.say("hello?"))
    expect(last).toMatchObject({ type: "turn.failed", error: { code: "thread_lost" } })
    if (!contract.capabilities.hasFork) return
    await expect(contract.backend.forkThread(unknown, "turn", noOptions)).rejects.toMatchObject({
      code: "thread_lost",
    })
    const thread = await contract.open()
    await contract.run(thread, contract.prompts.say("x"))
    await expect(
      contract.backend.forkThread(thread, "00000000-0000-4000-8000-000000000000", noOptions),
    ).rejects.toMatchObject({ code: "thread_lost" })
  })
}
