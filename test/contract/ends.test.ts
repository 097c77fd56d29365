import { readFileSync } from "node:fs"
import { afterEach, describe, expect, it } from "vitest"
import { endsPage, endsText } from "../../scripts/ends-table.ts"
import { acpClis, otherAcp } from "../../src/backends/acp/clis.ts"
import { cutOfResult, hookErrorOf } from "../../src/backends/claude/errors.ts"
import type { ResultEvent } from "../../src/backends/claude/protocol.ts"
import { JsonReader } from "../../src/backends/exec/reader.ts"
import type { TurnOutcome } from "../../src/backends/kit/per-turn/text-reader.ts"
import { type AcpFixture, createAcpFixture } from "./acp-fixture.ts"
import { noOptions, runTurn } from "./turn-recording.ts"

it("docs/ends.md has just the ends that the code knows: `node scripts/ends-table.ts` writes it", () => {
  expect(readFileSync(endsPage, "utf8")).toBe(endsText())
})

describe("an end of the Agent Client Protocol", () => {
  const fixtures: AcpFixture[] = []
  afterEach(async () => {
    for (const fixture of fixtures.splice(0)) await fixture.remove()
  })

  async function endOf(stopReason: string, cli = otherAcp) {
    const fixture = await createAcpFixture({ cli })
    fixtures.push(fixture)
    const { backend } = fixture
    return (await runTurn(backend, await backend.openThread(noOptions), `stop ${stopReason}`)).last
  }

  it.each([
    ["max_tokens", "max_output_tokens"],
    ["refusal", "content_filter"],
  ])("%s is an answer that the model has cut", async (stopReason, reason) => {
    expect(await endOf(stopReason)).toMatchObject({ type: "turn.completed", cut: { reason } })
  })

  it("max_turn_requests is a limit, and at gemini and qwen rather a loop", async () => {
    const error = { code: "backend_error", message: expect.stringMatching(/limit of model requests/) }
    expect(await endOf("max_turn_requests")).toMatchObject({ type: "turn.failed", error })
    const loop = expect.stringMatching(/took the answer for a loop/)
    for (const name of ["gemini", "qwen"]) {
      const { requestLimitWords } = acpClis.get(name) ?? otherAcp
      expect(
        await endOf("max_turn_requests", { ...otherAcp, ...(requestLimitWords && { requestLimitWords }) }),
      ).toMatchObject({
        error: { message: loop },
      })
    }
  })
})

describe("an end of claude", () => {
  const result = (fields: Partial<ResultEvent>): ResultEvent => ({
    type: "result",
    subtype: "success",
    ...fields,
  })

  it("is an answer that the model has cut, where its last message says so", () => {
    const failed = result({ is_error: true, result: "API Error: too long" })
    expect(cutOfResult(failed, "max_tokens")).toEqual({
      reason: "max_output_tokens",
      message: "API Error: too long",
    })
    expect(cutOfResult(failed, "refusal")).toMatchObject({ reason: "content_filter" })
    for (const reason of ["end_turn", "tool_use", "constructor", null])
      expect(cutOfResult(failed, reason)).toBeNull()
    expect(cutOfResult(result({}), "max_tokens")).toBeNull()
  })

  it("is no success where a hook stopped the turn before the model said or did anything", () => {
    expect(hookErrorOf(result({ result: "Operation stopped by hook: no" }), false)).toMatchObject({
      code: "backend_error",
      message: expect.stringContaining("stopped by hook: no"),
    })
    expect(hookErrorOf(result({ result: "", terminal_reason: "hook_stopped" }), false)?.message).toMatch(
      /hook/,
    )
    expect(hookErrorOf(result({ result: "said" }), true)).toBeNull()
    expect(hookErrorOf(result({ result: "" }), false)).toBeNull()
  })
})

it.each([
  ["max_output_tokens", "Incomplete response returned, reason: max_output_tokens"],
  [
    "content_filter",
    "stream disconnected before completion: Incomplete response returned, reason: content_filter",
  ],
])("codex exec: an answer that the model has cut is told as such: %s", (reason, message) => {
  let told: TurnOutcome | null = null
  const reader = new JsonReader({
    program: "codex",
    push: () => {},
    onThreadId: () => {},
    onRecorded: () => {},
    onFunctionCall: () => {},
    onOutcome: (outcome) => {
      told = outcome
    },
    onGarbage: () => {},
    log: () => {},
  })
  reader.push(Buffer.from(`${JSON.stringify({ type: "turn.failed", error: { message } })}\n`))
  expect(told).toMatchObject({ type: "completed", cut: { reason } })
})
