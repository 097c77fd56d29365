import { describe, expect, it } from "vitest"
import { logLine } from "./logger.ts"

describe("a line of the log for people", () => {
  it.each([
    [
      { agent: "manager", status: "completed", durationMs: 3_210, inputTokens: 12_034, outputTokens: 530 },
      "manager answered in 3.2 s  12034 tokens in, 530 out  resp_1",
    ],
    [
      {
        agent: "engineer_alice",
        status: "failed",
        code: "model_error",
        modelStatus: 429,
        durationMs: 61_000,
      },
      "engineer_alice FAILED (model_error 429) in 1 min 1 s  resp_1",
    ],
    [
      { agent: "manager", status: "cancelled", code: "cancelled", modelStatus: null, durationMs: 40 },
      "manager was interrupted (cancelled) in 0.0 s  resp_1",
    ],
    [
      { agent: "manager", status: "completed", durationMs: 900, sideRequest: "certain" },
      "manager answered in 0.9 s  side request  resp_1",
    ],
    [
      { agent: "manager", status: "completed", durationMs: 900, sideRequest: "likely" },
      "manager answered in 0.9 s  likely a side request  resp_1",
    ],
  ])("tells a turn: %j", (fields, line) => {
    expect(logLine({ level: 30, time: 1, msg: "turn", response: "resp_1", ...fields })).toBe(line)
  })

  it("tells how an agent is, and what to do", () => {
    expect(logLine({ msg: "agent ready", agent: "manager", program: "codex-cli 0.169.0" })).toBe(
      "manager is ready (codex-cli 0.169.0)",
    )
    const fields = { agent: "manager", reason: "codex is not logged in", nextStep: "Run `codex login`." }
    expect(logLine({ msg: "agent not ready", ...fields })).toBe(
      "manager is NOT READY: codex is not logged in. Run `codex login`.",
    )
  })

  it("is one line for whatever else there is, but for the stack of a fault", () => {
    const fields = { level: 30, time: 1, path: "/v1/x", reason: "two words", none: null, isAborted: false }
    expect(logLine({ msg: "request refused", durationMs: 1.25, ...fields })).toBe(
      'request refused  durationMs=1  path=/v1/x  reason="two words"',
    )
    const err = { type: "ProxyError", code: "agent_not_ready", message: "Not yet." }
    expect(logLine({ msg: "request failed", status: 503, err })).toBe(
      "request failed  status=503: Not yet. (agent_not_ready)",
    )
    const fault = { type: "TypeError", message: "x is undefined", stack: "TypeError: x\n    at y" }
    expect(logLine({ msg: "oh", err: fault })).toBe("oh: x is undefined\nTypeError: x\n    at y")
  })
})
