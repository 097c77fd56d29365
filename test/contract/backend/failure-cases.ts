import { join } from "node:path"
import { expect, it } from "vitest"
import { isRunning, pidFrom } from "../../support/processes.ts"
import { waitFor } from "../../support/wait-for.ts"
import { noOptions } from "../turn-recording.ts"
import { type Contract, needs } from "./contract.ts"

/** Failures of the model, and the death of the program. To be called inside the `describe` of the contract. */
export function describeFailures(contract: Contract): void {
  it.for([
    [400, "model_refused"],
    [401, "agent_not_ready"],
    [429, "rate_limit_exceeded"],
    [500, "model_error"],
  ] as const)(
    "ends a turn as failed when the model answers %i; the thread can be used afterwards",
    async ([status, code], context) => {
      const { fail } = contract.prompts
      needs(context, fail)
      const thread = await contract.open()
      const { last } = await contract.run(thread, fail(status))
      expect(last).toMatchObject({ type: "turn.failed", error: { code, modelStatus: status } })
      expect((await contract.run(thread, contract.prompts.say("recovered"))).answer).toBe("recovered")
    },
  )

  it("survives the death of its program: the turn fails, the thread is resumed by the next process", async (context) => {
    const { crash } = contract.harness
    needs(context, crash)
    const thread = await contract.open()
    const first = contract.prompts.say("before the crash")
    await contract.run(thread, first)
    const turn = await contract.run(thread, contract.prompts.count(200), (event) => {
      const isBegun = contract.capabilities.streamsDeltas
        ? event.type === "item.delta" && event.text.startsWith("1")
        : event.type === "turn.started"
      if (isBegun) void crash()
    })
    expect(turn.last).toMatchObject({ type: "turn.failed", error: { code: "backend_died" } })
    const resumed = await contract.resume(thread, noOptions, [first])
    const recalled = await contract.recall(resumed.thread)
    expect(recalled[0]).toBe(resumed.said[0])
    expect(recalled.at(-1)).toBe(contract.prompts.recall)
  })

  it("leaves no command running when its program is killed under it", async (context) => {
    const { crash, kill = crash } = contract.harness
    const { shell } = contract.prompts
    needs(context, kill)
    needs(context, shell)
    const pidFile = join(contract.harness.workspace, "orphaned.pid")
    const turn = contract.run(await contract.open(), shell(`echo $$ > ${pidFile}; exec sleep 300`))
    const pid = await waitFor(() => pidFrom(pidFile), { what: "the command to start", timeoutMs: 30_000 })
    await kill()
    expect((await turn).last).toMatchObject({ type: "turn.failed", error: { code: "backend_died" } })
    await waitFor(() => !isRunning(pid), { what: "the command to be ended" })
  })
}
