import { readFileSync } from "node:fs"
import type { Capabilities } from "../../src/domain/agents.ts"

const columns = {
  streaming: "streamsDeltas",
  images: "acceptsImages",
  "JSON schema": "hasOutputSchema",
  functions: "hasFunctions",
  branches: "hasFork",
} as const satisfies Readonly<Record<string, keyof Capabilities>>

/** What the table of `docs/agents/README.md` says of a CLI. */
export function documentedCapabilities(cli: string): Readonly<Record<string, boolean>> {
  const page = readFileSync(new URL("../../docs/agents/README.md", import.meta.url), "utf8")
  const rows = page.split("\n").filter((line) => line.startsWith("|"))
  const header = rows.find((line) => line.startsWith("| CLI |"))
  const row = rows.find((line) => line.startsWith(`| ${cli} | yes`) || line.startsWith(`| ${cli} | no`))
  if (header === undefined || row === undefined)
    throw new Error(`docs/agents/README.md has no row for ${cli}`)
  const names = cellsOf(header)
  const cells = cellsOf(row)
  return Object.fromEntries(
    Object.entries(columns).map(([name, field]) => [field, cells[names.indexOf(name)] === "yes"]),
  )
}

/** The same of what a backend says. */
export function comparedCapabilities(capabilities: Capabilities): Readonly<Record<string, boolean>> {
  return Object.fromEntries(Object.values(columns).map((field) => [field, capabilities[field] === true]))
}

function cellsOf(line: string): readonly string[] {
  return line.split("|").map((cell) => cell.trim())
}
