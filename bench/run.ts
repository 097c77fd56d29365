/** The bench: `node bench/run.ts --help`. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { BenchContext } from "./bench-context.ts"
import { readSavedRun, renderTable, toSavedRun } from "./report.ts"
import { type Row, verdictOf } from "./result.ts"
import { measurements } from "./rows/all-rows.ts"
import { install } from "./support/installation.ts"

const help = `Measures the service against a bare node:http service over the same agent, and against the raw CLI.

  node bench/run.ts                 all rows, about five minutes; writes bench/result.json
  node bench/run.ts --quick         fewer rounds: shows that the bench works
  node bench/run.ts --only NAME     ${Object.keys(measurements).join(", ")}; can be given again
  node bench/run.ts --dist FOLDER   another build of the service
  node bench/run.ts --node=--OPTION an option of node for the service; can be given again

Exit code 1: a hard row was missed. docs/performance.md explains the rows.`

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    dist: { type: "string" },
    node: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
})

if (values.help) console.log(help)
else process.exitCode = await main()

async function main(): Promise<number> {
  const names = values.only ?? Object.keys(measurements)
  const unknown = names.find((name) => !Object.hasOwn(measurements, name))
  if (unknown !== undefined) {
    console.error(`There is no row ${unknown}.\n\n${help}`)
    return 2
  }
  const resultFile = join(import.meta.dirname, "result.json")
  const last = await readSavedRun(resultFile)
  const rows = await measureAll(names, values.quick)
  console.log(renderTable(rows, last))
  const isWhole =
    !values.quick && values.only === undefined && values.dist === undefined && values.node.length === 0
  if (isWhole) await writeFile(resultFile, `${JSON.stringify(toSavedRun(rows), null, 2)}\n`)
  return rows.some((row) => row.isHard && verdictOf(row) === "missed") ? 1 : 0
}

async function measureAll(names: readonly string[], isQuick: boolean): Promise<Row[]> {
  const installation = await install(values.dist ?? null, values.node)
  const root = await mkdtemp(join(tmpdir(), "ai-agent-proxy-bench-"))
  let folders = 0
  const context: BenchContext = {
    installation,
    isQuick,
    newFolder: async (name) => {
      folders += 1
      const folder = join(root, `${name}-${folders}`)
      await mkdir(folder)
      return folder
    },
  }
  const rows: Row[] = []
  try {
    for (const name of names) {
      const startedAt = performance.now()
      rows.push(...((await measurements[name]?.(context)) ?? []))
      console.error(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
    }
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    await installation.remove()
  }
  return rows
}
