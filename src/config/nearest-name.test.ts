import { expect, it } from "vitest"
import { nearestName } from "./nearest-name.ts"

it.each([
  ["prot", "port"],
  ["hots", "host"],
  ["workingDir", "working_dir"],
  ["WORKING-DIR", "working_dir"],
  ["completely_else", null],
])("takes %s for a misspelt %s", (name, expected) => {
  expect(nearestName(name, ["host", "port", "working_dir"])).toBe(expected)
})
