import { rmSync } from "node:fs"
import path from "node:path"
import { expect, it } from "vitest"
import type { Backend, ThreadRef } from "../../../src/domain/backend.ts"
import { ThreadLostError } from "../../../src/domain/errors.ts"
import { agentPath } from "../../agents/agents.ts"
import { pidFrom, processesIn } from "../../support/processes.ts"
import { waitFor } from "../../support/wait-for.ts"
import { assistantMessage, noOptions, runTurn, userMessage } from "../turn-recording.ts"
import { type Contract, needs } from "./contract.ts"

/** Backends of their own, one after the other: the suite's is stopped by then. To be called last. */
export function describeRestarts(contract: Contract): void {
  const instructions = { ...noOptions, instructions: "Speak like a ferryman." }

  it("ends its idle program with all that it started, and the next turn goes on", async (test) => {
    const { another, restsWhenIdle, workspace } = contract.harness
    needs(test, another)
    needs(test, restsWhenIdle)
    const { prompts } = contract
    const backend = await another(2_000)
    try {
      const thread = await backend.openThread(instructions)
      const first = prompts.say("first crossing")
      expect((await runTurn(backend, thread, first)).answer).toBe("first crossing")
      await waitFor(() => processesIn(workspace).length === 0, {
        what: "the idle program to be ended with all that it started",
        timeoutMs: 60_000,
      })
      const resumed = await contract.resume(thread, instructions, [first], backend)
      const second = prompts.say("second crossing")
      expect((await runTurn(backend, resumed.thread, second)).answer).toBe("second crossing")
    } finally {
      await backend.stop()
    }
  })

  it("goes on with its threads after a restart, instructions included, and leaves nothing running", async (test) => {
    const { another, developerText, workspace, addMcpServer } = contract.harness
    needs(test, another)
    const { prompts } = contract
    const pidFile = path.join(workspace, "own-mcp-server.pid")
    await addMcpServer?.([process.execPath, agentPath("own-mcp-server.ts"), pidFile])

    const before = await another()
    const thread = await before.openThread(instructions)
    const said = [prompts.say("first crossing")]
    expect((await runTurn(before, thread, prompts.say("first crossing"))).answer).toBe("first crossing")
    if (addMcpServer !== undefined) {
      // The person's own MCP servers are there beside ours, and go with the program.
      await waitFor(() => pidFrom(pidFile), {
        what: "the person's MCP server to be started",
        timeoutMs: 60_000,
      })
    }
    await before.stop()
    expect(processesIn(workspace)).toEqual([])

    const after = await another()
    try {
      const resumed = await contract.resume(thread, instructions, said, after)
      expect(await contract.recall(resumed.thread, after)).toEqual([...resumed.said, prompts.recall])
      if (developerText !== undefined) expect(developerText()).toContain("like a ferryman")
    } finally {
      await after.stop()
    }
    expect(processesIn(workspace)).toEqual([])
  })

  it("tells a thread whose record was taken away as lost, before anything of its turn", async (test) => {
    const { another, recordFolders } = contract.harness
    needs(test, another)
    needs(test, recordFolders)
    const { prompts } = contract
    const before = await another()
    const thread = await before.openThread(noOptions)
    const first = await runTurn(before, thread, prompts.say("across"))
    await before.stop()
    for (const folder of recordFolders) rmSync(folder, { recursive: true })

    const after = await another()
    try {
      if (contract.capabilities.hasFork) {
        expect(await lossOf(after, () => after.forkThread(thread, first.ref, noOptions))).toBe("thread_lost")
      }
      const resume = () => after.resumeThread(thread, noOptions).then(() => thread)
      expect(await lossOf(after, resume)).toBe("thread_lost")
      // As the engine goes on.
      const told = prompts.say("across").replaceAll(/[[\]]/g, "")
      const history = [{ input: [userMessage(told)], output: [assistantMessage("Done.")], native: null }]
      const seeded = await after.openThread({ ...noOptions, history })
      expect(await contract.recall(seeded, after)).toEqual([told, prompts.recall])
    } finally {
      await after.stop()
    }
  })

  /** The code of the loss: as a rejection, or as the end of a turn in which nothing has happened. */
  async function lossOf(backend: Backend, open: () => Promise<ThreadRef>): Promise<string> {
    let ref: ThreadRef
    try {
      ref = await open()
    } catch (error) {
      return error instanceof ThreadLostError ? error.code : String(error)
    }
    const { last, items } = await runTurn(backend, ref, contract.prompts.say("never"))
    expect(items).toEqual([])
    return last.type === "turn.failed" ? last.error.code : last.type
  }
}
