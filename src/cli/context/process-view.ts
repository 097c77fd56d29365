import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

/** A process of the service, with those it started. */
export interface ProcessView {
  readonly pid: number
  readonly command: string
  readonly memoryBytes: number
  readonly children: readonly ProcessView[]
}

interface Row extends Omit<ProcessView, "children"> {
  readonly parentPid: number
}

const maxDepth = 20
const maxCommandLength = 100

/** The tree below and including `pid`; null: it is gone, or the system does not tell. */
export async function processView(pid: number): Promise<ProcessView | null> {
  const rows = process.platform === "linux" ? procRows() : await psRows()
  const byParent = Map.groupBy(rows, (row) => row.parentPid)
  const viewOf = ({ pid, command, memoryBytes }: Row, depth: number): ProcessView => {
    const children = depth >= maxDepth ? [] : (byParent.get(pid) ?? [])
    return { pid, command, memoryBytes, children: children.map((child) => viewOf(child, depth + 1)) }
  }
  const root = rows.find((row) => row.pid === pid)
  return root === undefined ? null : viewOf(root, 0)
}

/** One line a process, as deep as it is in the tree. */
export function processLines(
  { pid, command, memoryBytes, children }: ProcessView,
  indent = "",
): readonly string[] {
  const line = `${indent}${pid}  ${formatMegabytes(memoryBytes)}  ${command}`
  return [line, ...children.flatMap((child) => processLines(child, `${indent}  `))]
}

function formatMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`
}

function procRows(): Row[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (procRow(Number(name)) ?? []) : []))
}

function procRow(pid: number): Row | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8")
    const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1] ?? ""
    if (field("State") === "Z") return null
    const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim()
    return {
      pid,
      parentPid: Number(field("PPid")),
      memoryBytes: Number(field("VmRSS")) * 1024,
      command: shortened(args === "" ? `[${field("Name")}]` : args),
    }
  } catch {
    // It ended while we were looking.
    return null
  }
}

function psRows(): Promise<Row[]> {
  return new Promise((resolve) => {
    const args = ["-A", "-o", "pid=,ppid=,rss=,args="]
    execFile("ps", args, { timeout: 2000, maxBuffer: 16 << 20 }, (_error, stdout) => {
      resolve(
        stdout.split("\n").flatMap((line) => {
          const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line)
          if (match === null) return []
          const [, pid, parentPid, kilobytes, command] = match
          const memoryBytes = Number(kilobytes) * 1024
          return {
            pid: Number(pid),
            parentPid: Number(parentPid),
            memoryBytes,
            command: shortened(command ?? ""),
          }
        }),
      )
    })
  })
}

/** Arguments may hold a whole prompt. */
function shortened(command: string): string {
  const line = command.replaceAll(/\s+/g, " ")
  return line.length <= maxCommandLength ? line : `${line.slice(0, maxCommandLength - 1)}…`
}
