import { describe, expect, it } from "vitest"
import type { ErrorCode, TurnError } from "../../domain/errors.ts"
import { errorCodes, ProxyError } from "../../domain/errors.ts"
import type { Item } from "../../domain/items.ts"
import { failureOf, toBegunErrorBody, toErrorResponse, toResponseError, toStreamErrorBody } from "./errors.ts"

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
    // Time mends nothing here.
    const notReady = new ProxyError("agent_not_ready", "Log in.", { retryAfterSeconds: 5 })
    expect(toErrorResponse(notReady, "r").headers).toEqual({})
  })

  it("of a used-up limit says when it begins anew, and has nobody wait for more than a minute at a time", () => {
    const now = Date.parse("2026-11-30T12:00:00Z")
    const told = (resetsAt: number) => {
      const turn = { code: "insufficient_quota", message: "Used up.", modelStatus: 429, resetsAt }
      const { headers, body } = toErrorResponse(failureOf({ error: turn, output: [] }), "req_1", now)
      return [headers["retry-after"], body.error.resets_at]
    }
    expect(told(now + 6_500)).toEqual(["7", now / 1_000 + 7])
    expect(told(now + 5 * 3_600_000)).toEqual(["60", now / 1_000 + 5 * 3_600])
    expect(told(now - 1_000)).toEqual(["1", now / 1_000 - 1])
  })

  it.each([
    ["rate_limit_exceeded", "30"],
    ["agent_unavailable", "5"],
  ])("of a state that goes away by itself says so where nobody has told when: %s", (code, usual) => {
    const told = (more: Partial<TurnError>) => {
      const turn = { code, message: "Later.", modelStatus: null, ...more }
      return toErrorResponse(failureOf({ error: turn, output: [] }), "req_1", 0).headers["retry-after"]
    }
    expect(told({})).toBe(usual)
    expect(told({ retryAfterSeconds: 12 })).toBe("12")
    expect(told({ resetsAt: 7_000 })).toBe("7")
    expect(told({ mayHaveActed: true })).toBeUndefined()
  })

  it("of a turn with a code of the CLI's own is an error of the backend", () => {
    const error: TurnError = { code: "toString", message: "x", modelStatus: null }
    expect(failureOf({ error, output: [] }).code).toBe("backend_error")
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

const thought: Item = { type: "reasoning", id: "rs_1", summary: ["Hm."], status: "completed" }
const command: Item = {
  type: "command",
  id: "mcp_1",
  command: "make",
  cwd: null,
  output: "",
  exitCode: null,
  status: "failed",
}
const words = (text: string): Item => ({
  type: "message",
  id: "msg_1",
  role: "assistant",
  content: [{ type: "text", text }],
  phase: "commentary",
  status: "incomplete",
})
const call: Item = {
  type: "function_call",
  id: "fc_1",
  callId: "call_1",
  name: "get_weather",
  arguments: "{}",
  status: "completed",
}

/** All that is told of a turn that failed so. */
function toldOf(code: string, output: readonly Item[], more: Partial<TurnError> = {}) {
  const error = { code, message: "It failed.", modelStatus: null, ...more }
  const failure = failureOf({ error, output })
  const { status, headers, body } = toErrorResponse(failure, "req_1")
  return {
    status,
    retries: headers["x-should-retry"] ?? null,
    retryAfter: headers["retry-after"] ?? null,
    type: body.error.type,
    inStream: toStreamErrorBody(failure).error.type,
    begun: toBegunErrorBody(failure).error.type,
    response: toResponseError({ error, output }).code,
  }
}

const acted = {
  status: 400,
  retries: "false",
  retryAfter: null,
  type: "invalid_request_error",
  inStream: "invalid_request_error",
  begun: "invalid_request_error",
  response: "invalid_prompt",
}

describe("a turn that failed", () => {
  it.each([
    ["model_error", 502, null, "server_error", "server_error", "model_error"],
    ["backend_died", 502, null, "server_error", "server_error", "backend_died"],
    ["agent_stopped", 503, null, "server_error", "server_error", "agent_stopped"],
    ["server_is_overloaded", 503, null, "server_error", "server_error", "server_is_overloaded"],
    ["rate_limit_exceeded", 429, null, "rate_limit_error", "rate_limit_error", "rate_limit_exceeded"],
    ["insufficient_quota", 429, "false", "insufficient_quota", "invalid_request_error", "insufficient_quota"],
    [
      "context_length_exceeded",
      400,
      null,
      "invalid_request_error",
      "invalid_request_error",
      "context_length_exceeded",
    ],
    ["model_refused", 400, null, "invalid_request_error", "invalid_request_error", "invalid_prompt"],
    ["agent_not_ready", 400, null, "invalid_request_error", "invalid_request_error", "invalid_prompt"],
    ["turn_timeout", 504, "false", "server_error", "invalid_request_error", "turn_timeout"],
    ["storage_failed", 503, "false", "server_error", "invalid_request_error", "storage_failed"],
    ["internal_error", 500, "false", "server_error", "invalid_request_error", "internal_error"],
    ["interrupted", 500, "false", "server_error", "invalid_request_error", "interrupted"],
    ["server_restarted", 503, null, "server_error", "server_error", "server_restarted"],
  ])("as %s before the agent had acted has its true status, and is repeated where that helps", (...row) => {
    const [code, status, retries, type, inStream, response] = row
    const told = {
      status,
      retries,
      retryAfter: code === "rate_limit_exceeded" ? "30" : null,
      type,
      inStream,
      begun: "invalid_request_error",
      response,
    }
    expect(toldOf(code, [])).toEqual(told)
    expect(toldOf(code, [thought, words("")])).toEqual(told)
  })

  it.each(codes)("as %s after the agent had acted is nothing that a client repeats by itself", (code) => {
    const isKnown = ["insufficient_quota", "context_length_exceeded"].includes(code)
    const expected = isKnown ? { ...acted, response: code } : acted
    for (const item of [command, words("Now I"), call]) {
      expect(toldOf(code, [thought, item], { resetsAt: Date.now() + 5000 })).toEqual(expected)
    }
    expect(toldOf(code, [], { mayHaveActed: true })).toEqual(expected)
  })

  it.each(["answer_format_mismatch", "function_not_called"])(
    "as %s is one of an agent that has worked to its end",
    (code) => {
      expect(toldOf(code, [])).toEqual(acted)
    },
  )

  it("names its true code in the message where another one stands in its place", () => {
    const error = { code: "model_error", message: "The model server broke off.", modelStatus: null }
    const message = "The model server broke off. (model_error, after the agent had acted)"
    expect(toResponseError({ error, output: [command] })).toEqual({ code: "invalid_prompt", message })
    expect(toErrorResponse(failureOf({ error, output: [command] }), "r").body.error).toMatchObject({
      code: "model_error",
      message,
    })
    expect(toResponseError({ error, output: [] })).toEqual({ code: "model_error", message: error.message })
  })
})
