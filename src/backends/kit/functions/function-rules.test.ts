import { readFileSync } from "node:fs"
import path from "node:path"
import { expect, it } from "vitest"
import { functionRules } from "./function-rules.ts"
import { namesFor } from "./handed-functions.ts"

const page = readFileSync(
  path.resolve(import.meta.dirname, "../../../../docs/what-reaches-the-model.md"),
  "utf8",
)
const clis = Object.keys(functionRules) as (keyof typeof functionRules)[]

it.each(clis)("the table of names in the documentation is that of the code: %s", (cli) => {
  const { prefix, names } = functionRules[cli]
  const title = cli === "acp" ? "any other over ACP" : cli
  expect(page).toContain(`| ${title} | ${prefix === "" ? "none" : `\`${prefix}\``} | ${names.maxLength} |`)
})

it.each(clis)("names that differ anywhere are apart on %s, no longer than it takes, and come back", (cli) => {
  const long = ["a", "b"].map((middle) => `${"x".repeat(31)}${middle}${"y".repeat(31)}`)
  const given = [...long, "get_dash", "get-dash", "x"]
  const names = namesFor(
    cli,
    given.map((name) => ({ name })),
  )
  const native = given.map((name) => names.toNative(name))
  expect(native.map((name) => names.fromNative(name))).toEqual(given)
  expect(new Set(native.map((name) => name.replaceAll("-", "_"))).size).toBe(given.length)
  for (const name of native) expect(name.length).toBeLessThanOrEqual(functionRules[cli].names.maxLength)
})

it.each(clis)("a function keeps its alias on %s when others come and go", (cli) => {
  const name = "z".repeat(64)
  const alone = namesFor(cli, [{ name }]).toNative(name)
  expect(namesFor(cli, [{ name: "a" }, { name }, { name: "y".repeat(64) }]).toNative(name)).toBe(alone)
  expect(namesFor(cli, []).toNative(name)).toBe(alone)
})
