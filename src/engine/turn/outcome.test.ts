import { expect, it } from "vitest"
import { ProxyError } from "../../domain/errors.ts"
import { failed, failedBy, outcomeForClient, stopped } from "./outcome.ts"

it("tells no client of a lost thread, but what to do, and leaves every other outcome as it is", () => {
  const lost = { ...failed("thread_lost", "No conversation found"), usage: null }
  expect(outcomeForClient(lost)).toMatchObject({
    status: "failed",
    error: { code: "backend_error", message: expect.stringContaining("Send the next message as usual") },
  })
  for (const outcome of [
    failed("backend_died", "gone"),
    stopped({ code: "cancelled", message: "stopped" }, null),
  ]) {
    expect(outcomeForClient(outcome)).toBe(outcome)
  }
})

it("tells of what was thrown behind the agent's answer that it may have acted", () => {
  const busy = (hasActed: boolean) => new ProxyError("agent_unavailable", "busy", { hasActed })
  expect(failedBy(busy(true), "r").error).toMatchObject({ code: "agent_unavailable", mayHaveActed: true })
  expect(failedBy(busy(false), "r").error).toEqual({
    code: "agent_unavailable",
    message: "busy",
    modelStatus: null,
  })
})
