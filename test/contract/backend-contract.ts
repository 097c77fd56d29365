import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { isRunning } from "../support/processes.ts"
import { describeAnswers } from "./backend/answer-cases.ts"
import { expectDocumentedCases } from "./backend/case-table.ts"
import { Contract } from "./backend/contract.ts"
import { describeFailures } from "./backend/failure-cases.ts"
import { describeFunctions } from "./backend/function-cases.ts"
import { describeHardCases } from "./backend/hard-cases.ts"
import type { BackendHarness } from "./backend/harness.ts"
import { describeInterrupts } from "./backend/interrupt-cases.ts"
import { describeRestarts } from "./backend/restart-cases.ts"
import { describeThreads } from "./backend/thread-cases.ts"

/** What every backend has to do. Tests for what a backend says that it cannot do are skipped. */
export function describeBackendContract(name: string, prepare: () => Promise<BackendHarness>): void {
  describe(`the backend contract on ${name}`, () => {
    const contract = new Contract(prepare)

    beforeAll(() => contract.start())
    // biome-ignore lint/correctness/noEmptyPattern: vitest wants a pattern here, and there is nothing to take out of it.
    afterAll(async ({}, suite) => {
      await contract.stop()
      expectDocumentedCases(contract.harness.column, suite)
    })
    afterEach(() => contract.expectNothingLeft())

    describeAnswers(contract)
    describeThreads(contract)
    describeFunctions(contract)
    describeInterrupts(contract)
    describeFailures(contract)
    describeHardCases(contract)

    it("ends what runs when it is stopped, and leaves no process", async () => {
      const { backend, prompts, harness } = contract
      const turn = contract.run(await contract.open(), prompts.count(200))
      const processes = harness.processes?.() ?? []
      await Promise.all([backend.stop(), backend.stop()])
      expect((await turn).last).toMatchObject({ type: "turn.failed", error: { code: "agent_stopped" } })
      expect(processes.filter(isRunning)).toEqual([])
      expect((await backend.readiness()).isReady).toBe(false)
    })

    describeRestarts(contract)
  })
}
