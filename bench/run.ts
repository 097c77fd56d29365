/** The bench: `node bench/run.ts --help`. */
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { BenchContext } from "./bench-context.ts"
import { renderTable } from "./report.ts"
import { type Row, rowOf } from "./row.ts"
import { measurements } from "./rows/all-rows.ts"
import { type Installation, install } from "./support/installation.ts"
import { takeTurns } from "./take-turns.ts"

const help = `Measures the service against a bare node:http service over the same agent, against the raw CLI, and against another
build of itself, all taking turns.

  node bench/run.ts                    all rows, about six minutes
  node bench/run.ts --against FOLDER   and a build of before, a checkout or its dist: ten to fifteen minutes
  node bench/run.ts --quick            fewer rounds: shows that the bench works
  node bench/run.ts --only NAME        ${Object.keys(measurements).join(", ")}; can be given again
  node bench/run.ts --dist FOLDER      another build in place of this checkout's
  node bench/run.ts --node=--OPTION    an option of node for this build's service; can be given again

Exit code 1: a hard row was missed, or a row is worse than before. docs/performance.md explains the rows.`

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    against: { type: "string" },
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
  const { dist, against, node, quick } = values
  const installation = await install({ dist, against, nodeOptions: node })
  const root = await mkdtemp(join(tmpdir(), "ai-agent-proxy-bench-"))
  try {
    const rows = await measureAll(names, installation, root, quick)
    console.log(renderTable(rows, installation.before !== null))
    const isBad = (row: Row) => (row.plan.isHard && row.verdict === "missed") || row.change === "worse"
    return rows.some(isBad) ? 1 : 0
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    await installation.remove()
  }
}

async function measureAll(
  names: readonly string[],
  installation: Installation,
  root: string,
  isQuick: boolean,
): Promise<Row[]> {
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
  for (const name of names) {
    const startedAt = performance.now()
    for (const measurement of measurements[name]?.(context) ?? []) {
      const readings = await takeTurns(measurement, installation)
      rows.push(...measurement.rows.map((plan) => rowOf(plan, readings)))
    }
    console.error(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  }
  return rows
}
