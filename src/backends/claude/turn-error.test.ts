import { describe, expect, it } from "vitest"
import { claudeErrorOf } from "./errors.ts"
import type { ResultEvent } from "./protocol.ts"

const result = (fields: Partial<ResultEvent>): ResultEvent => ({
  type: "result",
  subtype: "success",
  is_error: true,
  ...fields,
})

describe("turnErrorOf", () => {
  it.each([
    ["a status", { result: "API Error: 529 busy", api_error_status: 529 }, "server_is_overloaded", 529],
    ["a status in words", { result: "API Error: 400 no such field" }, "model_refused", 400],
    ["a cut connection", { result: "API Error: Unable to connect to API (ECONNRESET)" }, "model_error", null],
    ["no log-in", { result: "Not logged in · Please run /login" }, "agent_not_ready", 401],
    [
      "a lost session",
      { subtype: "error_during_execution", errors: ["No conversation found with session ID: x"] },
      "thread_lost",
      null,
    ],
    [
      "an answer that never fits",
      {
        subtype: "error_max_structured_output_retries",
        errors: ["Failed to provide valid structured output"],
      },
      "answer_format_mismatch",
      null,
    ],
    ["anything else", { subtype: "error_max_turns" }, "backend_error", null],
  ] as const)("maps %s", (_title, fields, code, modelStatus) => {
    expect(claudeErrorOf(result(fields as Partial<ResultEvent>))).toMatchObject({ code, modelStatus })
  })

  it("says what to do about a key that is refused", () => {
    const { message } = claudeErrorOf(result({ result: "API Error: 401 no", api_error_status: 401 }))
    expect(message).toContain("claude auth login")
  })
})
