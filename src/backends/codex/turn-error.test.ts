import { describe, expect, it } from "vitest"
import { turnErrorOf } from "./turn-error.ts"

describe("why codex says that a turn failed", () => {
  it.each([
    ["unauthorized", 401],
    ["usageLimitExceeded", 429],
    ["contextWindowExceeded", 400],
    [{ responseTooManyFailedAttempts: { httpStatusCode: 429 } }, 429],
    [{ httpConnectionFailed: { httpStatusCode: null } }, null],
    [{ wordOfTomorrow: 3 }, null],
    [null, null],
  ])("has the status of %j", (codexErrorInfo, modelStatus) => {
    expect(turnErrorOf({ message: "m", codexErrorInfo })).toEqual({
      code: "model_error",
      message: expect.stringMatching(modelStatus === 401 ? /^m\. Run `codex login`/ : /^m$/),
      modelStatus,
    })
  })

  it("is read out of the body that codex passes on", () => {
    const message = '{"type":"error","error":{"type":"api_error","code":400,"message":"too long"}}'
    expect(turnErrorOf({ message, codexErrorInfo: "other" })).toMatchObject({
      message: "too long",
      modelStatus: 400,
    })
    const plain = '{"error":{"message":"no such thing","type":"invalid_request_error"}}'
    expect(turnErrorOf({ message: plain, codexErrorInfo: "other" })).toMatchObject({ modelStatus: 400 })
  })

  it("is read out of the message where only that has the status", () => {
    const message = "unexpected status 503 Service Unavailable: x, url: http://127.0.0.1:9101/v1"
    expect(turnErrorOf({ message, codexErrorInfo: "other" })).toMatchObject({ modelStatus: 503 })
  })

  it("keeps the details, and tells faults of codex from those of the model", () => {
    expect(turnErrorOf({ message: "m", codexErrorInfo: "sandboxError", additionalDetails: "d" })).toEqual({
      code: "backend_error",
      message: "m: d",
      modelStatus: null,
    })
    expect(turnErrorOf(null)).toMatchObject({ code: "backend_error" })
  })
})
