import path from "node:path"
import { expect, it } from "vitest"
import { isRunning, pidFrom } from "../../support/processes.ts"
import { waitFor } from "../../support/wait-for.ts"
import { inputOf } from "../turn-recording.ts"
import { type Contract, needs } from "./contract.ts"

/** Interrupts, and the commands that the agent runs. To be called inside the `describe` of the contract. */
export function describeInterrupts(contract: Contract): void {
  it("interrupts an answer; the thread can be used afterwards", async () => {
    const thread = await contract.open()
    const turn = await contract.run(thread, contract.prompts.count(200), (event, running) => {
      // A backend without deltas shows nothing of an answer until it is whole.
      const begun = contract.capabilities.streamsDeltas ? "item.delta" : "turn.started"
      if (event.type === begun) void running.interrupt()
    })
    expect(turn.last.type).toBe("turn.interrupted")
    expect((await contract.run(thread, contract.prompts.say("on we go"))).answer).toBe("on we go")
  })

  it("interrupts at once, and again, and after the end without harm", async () => {
    const turn = contract.backend.startTurn(await contract.open(), inputOf(contract.prompts.count(200)))
    await Promise.all([turn.interrupt(), turn.interrupt()])
    const events = []
    for await (const batch of turn.events) events.push(...batch)
    expect(events.at(-1)?.type).toBe("turn.interrupted")
    await turn.interrupt()
  })

  it("shows a command that the agent runs, with its output and exit code", async (context) => {
    const { shell } = contract.prompts
    needs(context, shell)
    const turn = await contract.run(await contract.open(), shell("echo out; echo err >&2; exit 3"))
    const command = turn.items.find((item) => item.type === "command")
    if (contract.harness.tellsOutput === false) {
      expect(command).toMatchObject({ command: "echo out; echo err >&2; exit 3", exitCode: null })
      return
    }
    expect(command).toMatchObject({
      command: "echo out; echo err >&2; exit 3",
      exitCode: 3,
      status: "failed",
    })
    expect(command?.output).toContain("out")
    expect(command?.output).toContain("err")
  })

  it("leaves no command running after an interrupt", async (context) => {
    const { shell } = contract.prompts
    needs(context, shell)
    const pidFile = path.join(
      contract.harness.workspace,
      `interrupted-${context.task.result?.retryCount ?? 0}.pid`,
    )
    const turn = contract.backend.startTurn(
      await contract.open(),
      inputOf(shell(`echo $$ > ${pidFile}; exec sleep 300`)),
    )
    const last = (async () => {
      let event = null
      for await (const batch of turn.events) event = batch.at(-1) ?? event
      return event
    })()
    const pid = await waitFor(() => pidFrom(pidFile), { what: "the command to start", timeoutMs: 30_000 })
    expect(isRunning(pid)).toBe(true)
    await turn.interrupt()
    expect((await last)?.type).toBe("turn.interrupted")
    expect(isRunning(pid)).toBe(false)
  })
}
