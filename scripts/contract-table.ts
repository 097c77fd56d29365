/**
 * The table "CLI by case" of the contract suites, for `docs/agents/README.md`.
 *
 * `node scripts/contract-table.ts [--write]` runs them twice, says where the two runs differ, and prints the table; the exit
 * code is 1 when they differ or a case failed. With `--report FILE...` it reads reports of vitest (`--reporter=json`) instead.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Name of the suite (what stands behind "the backend contract on") and its column. Several suites may share one. */
const columns: readonly (readonly [RegExp, string])[] = [
  [/^codex app-server/, "codex"],
  [/^claude$/, "claude"],
  [/^gemini$/, "gemini"],
  [/^opencode$/, "opencode"],
  [/^copilot$/, "copilot"],
  [/^a scripted agent of the Agent Client/, "acp"],
  [/^codex exec/, "codex exec"],
  [/^a plain-text shell/, "plain text"],
  [/^a command that/, "command"],
  [/^the demo/, "demo"],
]

const files = ["codex", "claude", "gemini", "opencode", "copilot", "acp", "exec", "command", "demo"].map(
  (name) => `test/contract/${name}.test.ts`,
)
const page = new URL("../docs/agents/README.md", import.meta.url)

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

/** By case, then by column. */
type Table = ReadonlyMap<string, ReadonlyMap<string, string>>

function run(): Report {
  const folder = mkdtempSync(join(tmpdir(), "contract-table-"))
  const output = join(folder, "report.json")
  const args = ["vitest", "run", "--reporter=json", `--outputFile=${output}`, ...files]
  spawnSync("npx", args, { stdio: ["ignore", "ignore", "inherit"] })
  // vitest wrote it.
  const report = JSON.parse(readFileSync(output, "utf8")) as Report
  rmSync(folder, { recursive: true })
  return report
}

function tableOf(report: Report): Table {
  const table = new Map<string, Map<string, string>>()
  for (const { ancestorTitles, title, status } of report.testResults.flatMap(
    (file) => file.assertionResults,
  )) {
    const suite = /^the backend contract on (.*)/.exec(ancestorTitles.at(-1) ?? "")?.[1]
    const column = columns.find(([name]) => suite !== undefined && name.test(suite))?.[1]
    if (column === undefined) continue
    const row = table.get(title) ?? new Map<string, string>()
    table.set(title, row)
    const cell = status === "passed" ? "yes" : status === "failed" ? "FAILED" : "-"
    // Of several suites in a column the worst counts.
    if (row.get(column) === undefined || cell === "FAILED" || row.get(column) === "yes") row.set(column, cell)
  }
  return table
}

function markdownOf(table: Table): string {
  const names = columns.map(([, column]) => column)
  const lines = [
    `| case | ${names.join(" | ")} |`,
    `|${"---|".repeat(names.length + 1)}`,
    ...[...table].map(
      ([title, row]) => `| ${title} | ${names.map((name) => row.get(name) ?? "not run").join(" | ")} |`,
    ),
  ]
  return `${lines.join("\n")}\n`
}

const args = process.argv.slice(2)
const reports = args.includes("--report")
  ? args.slice(args.indexOf("--report") + 1).map((file): Report => JSON.parse(readFileSync(file, "utf8")))
  : [run(), run()]
const tables = reports.map((report) => markdownOf(tableOf(report)))
const [first = ""] = tables
const areEqual = tables.every((table) => table === first)
process.stdout.write(first)
if (tables.length > 1) process.stderr.write(areEqual ? "The runs are equal.\n" : "The runs DIFFER.\n")
if (!areEqual) process.stdout.write(tables.slice(1).join("\n"))
if (args.includes("--write")) {
  const text = readFileSync(page, "utf8")
  writeFileSync(page, text.replace(/\| case \|[\s\S]*?\n(?=\n|$)/, first))
}
process.exitCode = areEqual && !first.includes("FAILED") ? 0 : 1
