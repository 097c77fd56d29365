import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { resolveConfig } from "./resolve-config.ts"
import { limitSettings, settings } from "./settings.ts"

const page = readFileSync(join(import.meta.dirname, "../../docs/configuration.md"), "utf8")

/** Cells of the table row whose first cell is `key`. */
function rowOf(key: string): string[] {
  const line = page.split("\n").find((each) => each.startsWith(`| \`${key}\` |`)) ?? ""
  return line.split("|").map((cell) => cell.trim())
}

it.each([...Object.values(settings), ...Object.values(limitSettings)])(
  "the page of the configuration has $key with its variable and its flag",
  ({ key, variable, flag }) => {
    const [, , variableCell, flagCell, , meaning = ""] = rowOf(key)
    expect(variableCell).toBe(`\`${variable}\``)
    expect(flagCell).toBe(flag === null ? "" : `\`${flag}\``)
    expect(meaning.length).toBeGreaterThan(10)
  },
)

it("the page of the configuration has the defaults that are used", () => {
  const { limits, port, host, cli } = resolveConfig({
    flags: {},
    env: {},
    homeDir: "/home/ann",
    readFile: () => null,
  })
  for (const name of Object.keys(limitSettings) as (keyof typeof limitSettings)[]) {
    expect(rowOf(limitSettings[name].key)[4]).toBe(`\`${limits[name]}\``)
  }
  expect(rowOf("port")[4]).toBe(`\`${port}\``)
  expect(rowOf("host")[4]).toBe(`\`"${host}"\``)
  expect(rowOf("cli")[4]).toBe(`\`"${cli}"\``)
})

it("the example of the page is a configuration that is accepted", () => {
  const example = /```toml\n([\s\S]*?)```/.exec(page)?.[1] ?? ""
  expect(example).toContain("[limits]")
  const readFile = (path: string) => (path.endsWith("config.toml") ? example : null)
  expect(() => resolveConfig({ flags: {}, env: {}, homeDir: "/home/ann", readFile })).not.toThrow()
})
