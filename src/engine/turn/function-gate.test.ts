import { expect, it } from "vitest"
import { FunctionGate } from "./function-gate.ts"

const choice = { isRequired: false, allowed: null }
const tools = ["one", "two"].map((name) => ({ name, description: "", parameters: { type: "object" } }))
const error = {
  code: "backend_error",
  message: "the CLI does not take the function 'two'",
  modelStatus: null,
}

it("gives the end of a turn whose CLI drops a client's function its place in the request", async () => {
  const gate = await FunctionGate.create(tools, choice, ["tools[0].parameters", "tools[3].parameters"])
  expect(gate.placedEnd({ ...error, functionName: "two" })).toEqual({
    code: "invalid_request",
    message: `${error.message}. Change its parameters, or leave the function out.`,
    modelStatus: null,
    param: "tools[3].parameters",
  })
})

it("leaves an end as it is that is no function of the client's", async () => {
  const gate = await FunctionGate.create(tools, choice)
  expect(gate.placedEnd({ ...error, functionName: "remember" })).toEqual(error)
  expect(gate.placedEnd(error)).toEqual(error)
})
