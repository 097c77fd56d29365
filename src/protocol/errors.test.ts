import { describe, expect, it } from "vitest"
import type { ErrorCode } from "../domain/errors.ts"
import { errorCodes, ProxyError } from "../domain/errors.ts"
import { toErrorResponse, turnErrorToProxyError } from "./errors.ts"

// Every key of the catalogue is a code.
const codes = Object.keys(errorCodes) as ErrorCode[]

describe("an error on its way to the client", () => {
  it.each(codes)("has all four keys for %s", (code) => {
    const { status, body } = toErrorResponse(new ProxyError(code, "What is wrong."), "req_1")
    expect(Object.keys(body.error).toSorted()).toEqual(["code", "message", "param", "type"])
    expect(body.error.code).toBe(code)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(body.error.type === "server_error").toBe(status >= 500)
  })

  it("names the field at fault", () => {
    const error = new ProxyError("invalid_request", "Missing.", { param: "input[0]" })
    expect(toErrorResponse(error, "req_1")).toEqual({
      status: 400,
      body: {
        error: {
          message: "Missing.",
          type: "invalid_request_error",
          param: "input[0]",
          code: "invalid_request",
        },
      },
      headers: {},
    })
    expect(toErrorResponse(new ProxyError("model_not_found", "No."), "r").body.error.param).toBe("model")
  })

  it("asks for a key with the 401", () => {
    expect(toErrorResponse(new ProxyError("invalid_api_key", "No key."), "req_1")).toMatchObject({
      status: 401,
      headers: { "www-authenticate": "Bearer" },
    })
  })

  it("tells when to come again, in whole seconds and at least one", () => {
    const wait = (retryAfterSeconds?: number) =>
      toErrorResponse(
        new ProxyError("queue_full", "Full.", retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
        "req_1",
      ).headers
    expect(wait(2.1)).toEqual({ "retry-after": "3" })
    expect(wait(0)).toEqual({ "retry-after": "1" })
    expect(wait()).toEqual({ "retry-after": "1" })
  })

  it("of a used-up limit says when it begins anew, and has nobody wait for more than a minute at a time", () => {
    const now = Date.parse("2026-11-30T12:00:00Z")
    const told = (resetsAt: number) => {
      const turn = { code: "insufficient_quota", message: "Used up.", modelStatus: 429, resetsAt }
      const { headers, body } = toErrorResponse(turnErrorToProxyError(turn), "req_1", now)
      return [headers["retry-after"], body.error.resets_at]
    }
    expect(told(now + 6_500)).toEqual(["7", now / 1_000 + 7])
    expect(told(now + 5 * 3_600_000)).toEqual(["60", now / 1_000 + 5 * 3_600])
    expect(told(now - 1_000)).toEqual(["1", now / 1_000 - 1])
  })

  it("of a failed turn keeps official clients from running the agent again", () => {
    const error = turnErrorToProxyError({ code: "backend_died", message: "It ended.", modelStatus: null })
    expect(toErrorResponse(error, "req_1")).toMatchObject({
      status: 502,
      headers: { "x-should-retry": "false" },
    })
  })

  it("of a turn with a code of the CLI's own is an error of the backend", () => {
    expect(turnErrorToProxyError({ code: "toString", message: "x", modelStatus: null }).code).toBe(
      "backend_error",
    )
  })

  it.each([
    new Error("secret path /home/ann"),
    "secret",
    null,
    new ProxyError("internal_error", "secret table"),
  ])("that nobody foresaw says the request's id and nothing else", (error) => {
    const { status, body } = toErrorResponse(error, "req_42")
    expect(status).toBe(500)
    expect(body.error).toMatchObject({ code: "internal_error", type: "server_error", param: null })
    expect(body.error.message).toContain("req_42")
    expect(body.error.message).not.toContain("secret")
  })
})
