import { expect, it } from "vitest"
import type { FunctionTool } from "../../domain/items.ts"
import { functionRules } from "../kit/functions/function-rules.ts"
import { FittedFunctions, openHanded } from "../kit/functions/handed-functions.ts"
import type { ClaudeProcess } from "./program.ts"
import { ClaudeTurn } from "./turn.ts"

const options = { interruptMs: 1_000, log: () => {}, onLoggedOut: () => {} }
const own = "x".repeat(128)
const tools: readonly FunctionTool[] = ["look", own].map((name) => ({
  name,
  description: "",
  parameters: {},
}))

/** What is left of a turn once claude has told what it offers; `ended`: its process is ended. */
async function offered(names: readonly string[], hasSchema = false) {
  let isEnded = false
  const process = {
    end: async () => {
      isEnded = true
    },
  }
  const channel = { url: "", headers: {}, setTools: async () => true, close: () => {} }
  const functions = await openHanded(
    {
      endpoint: { open: async () => channel },
      fitted: new FittedFunctions(),
      rules: functionRules.claude,
      tools,
    },
    () => {},
  )
  const turn = new ClaudeTurn({ ...options, hasSchema })
  // As far as a turn needs it.
  turn.begin(process as unknown as ClaudeProcess, functions)
  turn.read({ type: "system", subtype: "init", tools: [...names] })
  return { last: turn.last, isEnded, alias: functions.toNative(own) }
}

it("fails by name where claude offers its model fewer functions than it was handed", async () => {
  const { last, isEnded } = await offered(["Bash", "mcp__client__look"])
  expect(last).toEqual({
    type: "turn.failed",
    error: {
      code: "backend_error",
      message: `claude does not take the function '${own}', so its model was not asked`,
      modelStatus: null,
      functionName: own,
    },
    usage: null,
  })
  expect(isEnded).toBe(true)
})

it("fails where claude has dropped the schema of the answer, and goes on where it has not", async () => {
  const { alias } = await offered([])
  const names = ["mcp__client__look", `mcp__client__${alias}`]
  const dropped = await offered(names, true)
  expect(dropped.last).toMatchObject({
    error: { message: expect.stringContaining("the JSON Schema of the answer") },
  })
  expect((await offered([...names, "StructuredOutput"], true)).last).toBeNull()
  expect((await offered(names)).last).toBeNull()
})
