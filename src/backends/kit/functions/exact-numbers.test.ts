import { describe, expect, it } from "vitest"
import { parseExact } from "../../../domain/exact-numbers.ts"
import type { FunctionTool } from "../../../domain/items.ts"
import { fitAnswer } from "./fit-answer.ts"
import { functionRules } from "./function-rules.ts"
import { FittedFunctions, namesFor } from "./handed-functions.ts"

const parameters =
  '{"type":"object","anyOf":[{"properties":{"a":{"const":9007199254740993}}}],"properties":{"id":{"enum":[9007199254740995,12345678901234567890]},' +
  '"size":{"maximum":9007199254740997,"exclusiveMinimum":true,"minimum":-9007199254740993,"default":{"x":[9007199254740999]}},' +
  '"place":{"prefixItems":[{"const":0.30000000000000004441}],"items":false}}}'
const numbers = parameters.match(/-?[\d.]{16,}/g) ?? []

describe("numbers that JavaScript rounds", () => {
  it.each(["codex", "codex exec", "claude", "gemini", "opencode", "copilot", "qwen"] as const)(
    "are handed to %s as they were written",
    (cli) => {
      const tool = { name: "f", description: "", parameters: parseExact(parameters) } as FunctionTool
      const { schema } = functionRules[cli]
      const handed = new FittedFunctions().handed(tool, namesFor(cli, [tool]), schema)
      expect(numbers).toHaveLength(7)
      for (const number of numbers) expect(JSON.stringify(handed.parameters)).toContain(number)
      expect(handed.description).toContain("9007199254740993")
      expect(JSON.stringify(handed)).not.toContain("rawJSON")
      if (cli === "codex") expect(handed.parameters.properties).toMatchObject({ id: { type: "number" } })
    },
  )

  it("are handed to claude so in the schema of an answer", () => {
    const schema = parseExact('{"type":"object","properties":{"id":{"const":9007199254740993}}}')
    expect(JSON.stringify(fitAnswer(schema as FunctionTool["parameters"]))).toBe(JSON.stringify(schema))
  })
})
