import { describe, expect, it } from "vitest"
import type { ResponseRecord } from "../../domain/responses.ts"
import { toResponse } from "./resource.ts"

/** Required by Open Responses 2026-04-24; those of OpenAI's document are among them. */
const requiredKeys = [
  "id",
  "object",
  "created_at",
  "completed_at",
  "status",
  "incomplete_details",
  "model",
  "previous_response_id",
  "instructions",
  "output",
  "error",
  "tools",
  "tool_choice",
  "truncation",
  "parallel_tool_calls",
  "text",
  "top_p",
  "presence_penalty",
  "frequency_penalty",
  "top_logprobs",
  "temperature",
  "reasoning",
  "usage",
  "max_output_tokens",
  "max_tool_calls",
  "store",
  "background",
  "service_tier",
  "metadata",
  "safety_identifier",
  "prompt_cache_key",
]

const record: ResponseRecord = {
  id: "resp_1",
  kind: "response",
  principal: "local",
  agentId: "manager",
  previousResponseId: "resp_0",
  isStored: false,
  isBackground: false,
  echo: { temperature: 0.5, metadata: { a: "b" } },
  createdAt: 1_700_000_000_999,
  status: "completed",
  completedAt: 1_700_000_005_000,
  error: null,
  usage: null,
  output: [],
}
const failure = { code: "model_error", message: "503", modelStatus: 503 }

describe("a Response object", () => {
  it.each(["queued", "running", "completed", "failed", "incomplete", "cancelled"] as const)(
    "has every required key while it is %s",
    (status) => {
      const response = toResponse({ ...record, status }, "codex")
      expect(requiredKeys.filter((key) => response[key] === undefined)).toEqual([])
    },
  )

  it("counts in whole seconds and repeats what the request set", () => {
    expect(toResponse(record, "codex")).toMatchObject({
      created_at: 1_700_000_000,
      completed_at: 1_700_000_005,
      previous_response_id: "resp_0",
      store: false,
      temperature: 0.5,
      top_p: 1,
      metadata: { a: "b" },
    })
  })

  it("has at its top all that was said, as the official SDKs put it together", () => {
    const said = (id: string, ...texts: string[]): ResponseRecord["output"][number] => ({
      type: "message",
      id,
      role: "assistant",
      content: texts.map((text) => ({ type: "text", text })),
      phase: null,
      status: "completed",
    })
    const thought = { type: "reasoning", id: "rs_1", summary: ["hm"], status: "completed" } as const
    const output = [said("msg_1", "Hello"), thought, said("msg_2", ", ", "world")]
    expect(toResponse({ ...record, output }, "codex").output_text).toBe("Hello, world")
    expect(toResponse(record, "codex").output_text).toBe("")
    const long = "x".repeat(1000)
    expect(toResponse({ ...record, output: [said("msg_1", long)] }, "codex").output_text).toBe(long)
  })

  it("tells zeros where the CLI counts no tokens, in all details", () => {
    expect(toResponse(record, "codex").usage).toEqual({
      input_tokens: 0,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 0,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 0,
    })
  })

  it.each([
    ["running", { status: "in_progress", completed_at: null, usage: null, error: null }],
    [
      "failed",
      { status: "failed", completed_at: null, usage: null, error: { code: "model_error", message: "503" } },
    ],
    ["incomplete", { completed_at: null, incomplete_details: { reason: "interrupted" }, error: null }],
    ["cancelled", { status: "cancelled", completed_at: null, incomplete_details: null, error: null }],
  ] as const)("that is %s tells no more than that", (status, expected) => {
    const error = status === "failed" ? failure : null
    expect(toResponse({ ...record, status, error }, "codex")).toMatchObject(expected)
  })
})
