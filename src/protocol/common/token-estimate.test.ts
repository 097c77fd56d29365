import { describe, expect, it } from "vitest"
import type { ClientItem } from "../../domain/input-reference.ts"
import { estimateInputTokens } from "./token-estimate.ts"

const nothing = { instructions: null, input: [], tools: [], outputSchema: null }

function said(text: string): ClientItem {
  return {
    type: "message",
    id: "msg_1",
    role: "user",
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}

describe("the estimate of input tokens", () => {
  it("counts a quarter of the bytes of each text, whatever the script, and the form of each item", () => {
    expect(estimateInputTokens(nothing, [])).toBe(0)
    expect(estimateInputTokens({ ...nothing, input: [said("a".repeat(400))] }, [])).toBe(104)
    // Three bytes a character.
    expect(estimateInputTokens({ ...nothing, input: [said("語".repeat(400))] }, [])).toBe(304)
    expect(estimateInputTokens({ ...nothing, input: [said("ab")] }, [said("cd")])).toBe(10)
  })

  it("counts instructions, functions, schemas, images and files too", () => {
    const image: ClientItem = {
      type: "message",
      id: "msg_1",
      role: "user",
      content: [
        { type: "image", url: `data:image/png;base64,${"A".repeat(100_000)}`, detail: "low" },
        {
          type: "reference",
          as: "file",
          source: { kind: "file_id", id: "file_1" },
          filename: null,
          param: "input",
        },
      ],
      phase: null,
      status: "completed",
    }
    expect(estimateInputTokens({ ...nothing, input: [image] }, [])).toBe(4 + 85 + 40)
    const tool = { name: "f", description: "d".repeat(400), parameters: {} }
    const full = { instructions: "i".repeat(40), input: [], tools: [tool], outputSchema: { type: "object" } }
    expect(estimateInputTokens(full, [])).toBeGreaterThan(14 + 100 + 4)
  })
})
