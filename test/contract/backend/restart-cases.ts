import path from "node:path"
import { expect, it } from "vitest"
import { agentPath } from "../../agents/agents.ts"
import { pidFrom, processesIn } from "../../support/processes.ts"
import { waitFor } from "../../support/wait-for.ts"
import { noOptions, runTurn } from "../turn-recording.ts"
import { type Contract, needs } from "./contract.ts"

/** Backends of their own, one after the other: the suite's is stopped by then. To be called last. */
export function describeRestarts(contract: Contract): void {
  const instructions = { ...noOptions, instructions: "Speak like a ferryman." }

  it("ends its idle program, and goes on with its threads, also after a restart, instructions included", async (test) => {
    const { another, restsWhenIdle, developerText, workspace, addMcpServer } = contract.harness
    needs(test, another)
    const { prompts } = contract
    const pidFile = path.join(workspace, "own-mcp-server.pid")
    await addMcpServer?.([process.execPath, agentPath("own-mcp-server.ts"), pidFile])

    const before = await another(2_000)
    let thread = await before.openThread(instructions)
    let said: readonly string[] = [prompts.say("first crossing")]
    expect((await runTurn(before, thread, prompts.say("first crossing"))).answer).toBe("first crossing")
    if (addMcpServer !== undefined) {
      // The person's own MCP servers are there beside ours, and go with the program.
      await waitFor(() => pidFrom(pidFile), {
        what: "the person's MCP server to be started",
        timeoutMs: 30_000,
      })
    }
    if (restsWhenIdle === true) {
      await waitFor(() => processesIn(workspace).length === 0, {
        what: "the idle program to be ended with all that it started",
        timeoutMs: 30_000,
      })
      const resumed = await contract.resume(thread, instructions, said, before)
      thread = resumed.thread
      said = [...resumed.said, prompts.say("second crossing")]
      expect((await runTurn(before, thread, prompts.say("second crossing"))).answer).toBe("second crossing")
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
}
