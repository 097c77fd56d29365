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
}
