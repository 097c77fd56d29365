import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Response } from "openai/resources/responses/responses"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { descendantsOf } from "../support/processes.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

const isOver = ({ status }: Response) => status !== "queued" && status !== "in_progress"

describe("a turn that waits for the answer of another agent", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService()
    await service.roster.hire({ role: "engineer", name: "alice" })
  })
  afterAll(() => service.stop())

  /** Asks alice, who runs a command for a long time; resolves once that runs. */
  async function askForLongWork(seconds: number): Promise<string> {
    const message = JSON.stringify({ agent: "alice", message: `[[shell:sleep ${seconds}]]` })
    const { id } = await service.client.responses.create({
      model: "manager",
      input: `[[tool:ask_agent:${message}]][[say:the manager goes on]]`,
      background: true,
    })
    await waitFor(() => isSleeping(seconds), { what: "alice's command to run", timeoutMs: 30_000 })
    return id
  }

  const isSleeping = (seconds: number): boolean =>
    descendantsOf(process.pid).some(({ commandLine }) => commandLine === `sleep ${seconds}`)

  const ended = (id: string): Promise<Response> =>
    waitFor(
      async () => {
        const response = await service.client.responses.retrieve(id)
        return isOver(response) && response
      },
      { what: "the turn to end", timeoutMs: 30_000 },
    )

  /** Alice's last turn, as her log tells of it, once it is there. */
  const herTurn = (count: number): Promise<{ response: string; status: string; error: string | null }> =>
    waitFor(
      () => {
        const log = readFileSync(join(service.home, "engineer_alice/logs/turns.jsonl"), "utf8")
        const lines = log.trim().split("\n")
        return lines.length === count && JSON.parse(lines.at(-1) ?? "")
      },
      { what: `line ${count} of alice's turns` },
    )

  it("ends with its agent, and what it has asked for ends with it", async () => {
    const id = await askForLongWork(611)
    await service.roster.stop("manager")
    expect(await ended(id)).toMatchObject({
      status: "failed",
      error: { message: expect.stringContaining("was stopped") },
    })
    const hers = await herTurn(1)
    expect(hers).toMatchObject({ status: "cancelled" })
    expect(await ended(hers.response)).toMatchObject({ model: "engineer_alice", status: "cancelled" })
    expect(isSleeping(611)).toBe(false)
    expect(service.roster.list().map(({ runningTurns }) => runningTurns)).toEqual([0, 0])
    await service.roster.start("manager")
  })

  it("goes on when the other agent is stopped, and its model reads why", async () => {
    const id = await askForLongWork(612)
    await service.roster.stop("engineer_alice")
    const response = await ended(id)
    expect(response).toMatchObject({ status: "completed", output_text: "the manager goes on" })
    expect(JSON.stringify(response.output)).toContain("engineer_alice")
    expect(JSON.stringify(service.model.requests.at(-1)?.body)).toContain(
      "engineer_alice failed: Agent 'engineer_alice' was stopped.",
    )
    expect(await herTurn(2)).toMatchObject({ status: "failed", error: "agent_stopped" })
    expect(isSleeping(612)).toBe(false)
    await service.roster.start("engineer_alice")
  })

  it("ends with the service, as does the other's; both are told of after a restart, and both agents go on", async () => {
    const id = await askForLongWork(613)
    await service.restart()
    expect(isSleeping(613)).toBe(false)
    expect(await ended(id)).toMatchObject({
      status: "failed",
      error: {
        code: "invalid_prompt",
        message: "The service is stopping. (agent_stopped, after the agent had acted)",
      },
    })
    const hers = await herTurn(3)
    expect(["cancelled", "failed"]).toContain(hers.status)
    expect(isOver(await service.client.responses.retrieve(hers.response))).toBe(true)
    const message = JSON.stringify({ agent: "alice", message: "[[say:here again]]" })
    const next = await service.client.responses.create({
      model: "manager",
      previous_response_id: id,
      input: `[[tool:ask_agent:${message}]][[say:so am I]]`,
    })
    expect(next.output_text).toBe("so am I")
    expect(JSON.stringify(next.output)).toContain("here again")
  })
})
