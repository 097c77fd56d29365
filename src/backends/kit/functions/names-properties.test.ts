import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { propertyRuns } from "../../../../test/support/property-runs.ts"
import { anyNames } from "../../../../test/tool-schemas/arbitrary-names.ts"
import { functionRules } from "./function-rules.ts"
import { namesFor } from "./handed-functions.ts"

const clis = Object.keys(functionRules) as (keyof typeof functionRules)[]
/** As CLIs compare them: in code mode, or where the system does not tell capitals. */
const asOne = (name: string) => name.replaceAll("-", "_")

describe.each(clis)("any names of functions on %s", (cli) => {
  const { names: rules } = functionRules[cli]
  const tools = fc
    .integer({ min: 1, max: 40 })
    .chain(anyNames)
    .map((names) => names.map((name) => ({ name })))

  it("are as long as it takes, none of its own, never meet, and come back", () => {
    fc.assert(
      fc.property(tools, (offered) => {
        const names = namesFor(cli, offered)
        const native = offered.map(({ name }) => names.toNative(name))
        expect(native.map((name) => names.fromNative(name))).toEqual(offered.map(({ name }) => name))
        expect(new Set(native.map(asOne)).size).toBe(offered.length)
        for (const name of native) {
          expect(name).toMatch(/^[a-zA-Z0-9_-]+$/)
          expect(name.length).toBeLessThanOrEqual(rules.maxLength)
          expect([name, rules.isReserved(name)]).toEqual([name, false])
        }
        expect(names.native.toSorted()).toEqual(native.toSorted())
      }),
      propertyRuns(500),
    )
  })

  it("are in a history no name of a function that is offered, whoever gave them", () => {
    const foreign = fc.oneof(
      fc.string({ maxLength: 90, unit: "binary" }),
      anyNames(1).map(([name]) => name ?? ""),
    )
    fc.assert(
      fc.property(tools, foreign, (offered, name) => {
        fc.pre(!offered.some((tool) => tool.name === name))
        const names = namesFor(cli, offered)
        const native = names.toNative(name)
        expect([native, names.fromNative(native)]).toEqual([native, null])
        expect(native).toMatch(/^[a-zA-Z0-9_-]+$/)
        expect(native.length).toBeLessThanOrEqual(rules.maxLength)
        expect([native, rules.isReserved(native)]).toEqual([native, false])
      }),
      propertyRuns(500),
    )
  })
})
