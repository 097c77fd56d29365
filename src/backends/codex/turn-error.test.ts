import { describe, expect, it } from "vitest"
import { codexErrorOf } from "./errors.ts"

describe("why codex says that a turn failed", () => {
  it.each([
    ["unauthorized", "agent_not_ready", 401],
    ["usageLimitExceeded", "insufficient_quota", 429],
    ["contextWindowExceeded", "context_length_exceeded", 400],
    ["serverOverloaded", "server_is_overloaded", 503],
    ["cyberPolicy", "model_refused", 400],
    [{ responseTooManyFailedAttempts: { httpStatusCode: 429 } }, "rate_limit_exceeded", 429],
    [{ httpConnectionFailed: { httpStatusCode: null } }, "model_error", null],
    [{ wordOfTomorrow: 3 }, "model_error", null],
    [null, "model_error", null],
  ])("has the code and status of %j", (codexErrorInfo, code, modelStatus) => {
    expect(codexErrorOf({ message: "m", codexErrorInfo })).toEqual({
      code,
      message: expect.stringMatching(modelStatus === 401 ? /^m\. Run `codex login`/ : /^m$/),
      modelStatus,
    })
  })

  it("is read out of the body that codex passes on", () => {
    const message = '{"type":"error","error":{"type":"api_error","code":400,"message":"too long"}}'
    expect(codexErrorOf({ message, codexErrorInfo: "other" })).toMatchObject({
      message: "too long",
      modelStatus: 400,
    })
    const plain = '{"error":{"message":"no such thing","type":"invalid_request_error"}}'
    expect(codexErrorOf({ message: plain, codexErrorInfo: "other" })).toMatchObject({ modelStatus: 400 })
  })

  it("is read out of the message where only that has the status", () => {
    const message = "unexpected status 503 Service Unavailable: x, url: http://127.0.0.1:9101/v1"
    expect(codexErrorOf({ message, codexErrorInfo: "other" })).toMatchObject({ modelStatus: 503 })
  })

  it("keeps the details, and tells faults of codex from those of the model", () => {
    expect(codexErrorOf({ message: "m", codexErrorInfo: "sandboxError", additionalDetails: "d" })).toEqual({
      code: "backend_error",
      message: "m: d",
      modelStatus: null,
    })
    expect(codexErrorOf(null)).toMatchObject({ code: "backend_error" })
  })
})
