import { expect, it } from "vitest"
import { functionRules } from "./function-rules.ts"
import { FittedFunctions, namesFor } from "./handed-functions.ts"

const text = { type: "string" }
const fitted = new FittedFunctions()
const long = "x".repeat(10_000)

/** Each time a schema of its own, as clients send theirs with each request. */
function handed(property: string, description = ""): unknown {
  const parameters = { type: "object", description, properties: { [property]: text } }
  const tool = { name: "f", description: "", parameters }
  return fitted.handed(tool, namesFor("claude", [tool]), functionRules.claude.schema).parameters
}

it("a schema that is sent again is made fit once, however many long ones come in between", () => {
  const first = handed("again")
  for (let count = 0; count < 255; count += 1) handed(`filling${count}`)
  for (let count = 0; count < 300; count += 1) handed(`long${count}`, long)
  expect(handed("again")).toBe(first)
  expect(handed("long0", long)).not.toBe(handed("long0", long))
  handed("one more")
  handed("and another")
  expect(handed("again")).not.toBe(first)
})
