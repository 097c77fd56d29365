import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs"

/** A running process as `/proc` shows it (Linux only). */
export interface ProcessEntry {
  readonly pid: number
  readonly parentPid: number
  /** Arguments joined by one space; for a zombie its name in brackets. */
  readonly commandLine: string
  readonly residentBytes: number
  /** Open file descriptors, or null where we may not look. */
  readonly openFiles: number | null
}

/** All running processes below `pid`, parents before children, without `pid` itself. Zombies are left out. */
export function descendantsOf(pid: number): readonly ProcessEntry[] {
  const byParent = Map.groupBy(allProcesses(), (entry) => entry.parentPid)
  const found: ProcessEntry[] = []
  const queue = [pid]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const children = byParent.get(next) ?? []
    found.push(...children)
    queue.push(...children.map((child) => child.pid))
  }
  return found
}

/** One process, or null when it has ended (a zombie has ended). */
export function processEntry(pid: number): ProcessEntry | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8")
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1] ?? ""
    if (field("State") === "Z") return null
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim()
    return {
      pid,
      parentPid: Number(field("PPid")),
      commandLine: commandLine === "" ? `[${field("Name")}]` : commandLine,
      residentBytes: Number(field("VmRSS")) * 1024,
      openFiles: countOpenFiles(pid),
    }
  } catch {
    // It ended while we were reading, which is the answer.
    return null
  }
}

/** All running processes whose working directory is `folder` or below it. */
export function processesIn(folder: string): readonly ProcessEntry[] {
  return allProcesses().filter(({ pid }) => `${workingDirectoryOf(pid)}/`.startsWith(`${folder}/`))
}

/** The pid that a script wrote with `echo $$ > FILE`; null until the whole line is there. */
export function pidFrom(file: string): number | null {
  if (!existsSync(file)) return null
  const line = /^(\d+)\n/.exec(readFileSync(file, "utf8"))
  return line === null ? null : Number(line[1])
}

export function isRunning(pid: number): boolean {
  return processEntry(pid) !== null
}

function workingDirectoryOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    // Ended, or somebody else's.
    return ""
  }
}

function allProcesses(): readonly ProcessEntry[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processEntry(Number(name)))
    .filter((entry) => entry !== null)
}

function countOpenFiles(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    // Somebody else's process.
    return null
  }
}
