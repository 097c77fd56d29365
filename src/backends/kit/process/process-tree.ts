import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

/** One process of a snapshot. Pids are used again; with `startedAt` they are not mistaken. */
export interface ProcessRow {
  readonly pid: number
  readonly parentPid: number
  readonly groupId: number
  /** 0 where the platform does not tell. */
  readonly sessionId: number
  /** Ended, and only waited for by its parent. */
  readonly isZombie: boolean
  /** Opaque; equal only for the same process. */
  readonly startedAt: string
}

/** A process that was spawned as leader of its own group (`detached: true`). */
export interface TreeRoot {
  readonly pid: number
  /** True once its exit was seen: from then on the pid may belong to somebody else. */
  readonly hasExited: () => boolean
  /**
   * Name and value of a variable that only its environment has. Whoever has it belongs to the tree,
   * also after it left group, session and parent (a double fork). Seen on Linux only, and not in a
   * program that was started without it.
   */
  readonly marker?: readonly [name: string, value: string]
  /** Seen below it before: they belong to it also once nothing tells so any more. */
  readonly seen?: Iterable<ProcessRow>
  /** Its marker counts only in what belongs to this one: elsewhere somebody else may have it. */
  readonly within?: Omit<TreeRoot, "within">
  /** Left alone, as far as they still run, with their sessions and all that they have started. */
  readonly spared?: readonly ProcessRow[]
}

/** Root of a tree known by its marker. Not 0: that is the group of kernel threads. */
export const nobody = { pid: -1, hasExited: () => true } as const

export interface EndStep {
  readonly signal: NodeJS.Signals
  /** How long everything may take to be gone before the next step. */
  readonly waitMs: number
}

/** For what has no reason to stay. */
export const quickSteps: readonly EndStep[] = [
  { signal: "SIGTERM", waitMs: 500 },
  { signal: "SIGKILL", waitMs: 500 },
]

const pollMs = 15

/**
 * Ends a process and all that it started. Who belongs to it is found out before anything is killed:
 * shells of an agent are in sessions of their own, so no group signal reaches them, and orphans no
 * longer have the parent that names them. Each step signals what still lives, children born
 * meanwhile included. Resolves when nothing is left, or after the last step's wait; never rejects.
 */
export async function endProcessTree(root: TreeRoot, steps: readonly EndStep[]): Promise<void> {
  const known = new Map<number, ProcessRow>()
  for (const row of root.seen ?? []) known.set(row.pid, row)
  for (const { signal, waitMs } of steps) {
    const rows = await look(root, known)
    const living = livingOf(rows, known)
    if (living.length === 0) return
    for (const { pid } of living) sendSignal(pid, signal)
    if (await areGoneWithin(living, waitMs)) {
      // Perhaps one of them had just forked: only a new look tells.
      if (livingOf(await look(root, known), known).length === 0) return
    }
  }
}

/** Adds to `known` who belongs to it now, and returns all that run. */
async function look(root: TreeRoot, known: Map<number, ProcessRow>): Promise<readonly ProcessRow[]> {
  const rows = await snapshot()
  const spared = new Set(sparedOf(rows, root.spared ?? []).map(({ pid }) => pid))
  for (const row of membersOf(rows, root, known)) if (!spared.has(row.pid)) known.set(row.pid, row)
  for (const row of markedOf(rows, root, known)) if (!spared.has(row.pid)) known.set(row.pid, row)
  return rows
}

/** Who carries the root's marker, with all below. Empty where the platform does not show it. */
export async function markedProcesses(root: Pick<TreeRoot, "marker" | "within">): Promise<ProcessRow[]> {
  return process.platform === "linux" ? markedOf(await snapshot(), root, new Map()) : []
}

/** True while a member of the group of `pid` is there. One system call; a zombie counts. */
export function hasGroup(pid: number): boolean {
  try {
    process.kill(-pid, 0)
    return true
  } catch {
    // ESRCH: nobody. EPERM: somebody else's by now.
    return false
  }
}

/**
 * The tree in a snapshot: the root, its descendants, members of its group and session (their parent
 * may have ended), and descendants of all that was `known` before. Without this process and without
 * zombies.
 */
export function membersOf(
  rows: readonly ProcessRow[],
  root: TreeRoot,
  known: ReadonlyMap<number, ProcessRow> = new Map(),
): ProcessRow[] {
  const byParent = Map.groupBy(rows, (row) => row.parentPid)
  const rootHasExited = root.hasExited()
  const queue = rows.filter(
    (row) =>
      (row.pid === root.pid && !rootHasExited) ||
      (row.pid !== root.pid && (row.groupId === root.pid || row.sessionId === root.pid)) ||
      known.get(row.pid)?.startedAt === row.startedAt,
  )
  const found = new Map<number, ProcessRow>()
  for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
    if (found.has(row.pid) || row.pid === process.pid) continue
    found.set(row.pid, row)
    queue.push(...(byParent.get(row.pid) ?? []))
  }
  return [...found.values()].filter((row) => !row.isZombie)
}

/** Also those whose parent has ended: their session or group still tells. */
function sparedOf(rows: readonly ProcessRow[], before: readonly ProcessRow[]): ProcessRow[] {
  if (before.length === 0) return []
  const startOf = new Map(before.map(({ pid, startedAt }) => [pid, startedAt]))
  const living = rows.filter((row) => startOf.get(row.pid) === row.startedAt)
  const sessions = new Set(living.map(({ sessionId }) => sessionId).filter((id) => id > 0))
  const groups = new Set(living.map(({ groupId }) => groupId))
  const seeds = rows.filter((row) => sessions.has(row.sessionId) || groups.has(row.groupId))
  return membersOf(rows, nobody, new Map(seeds.map((row) => [row.pid, row])))
}

/** Those who carry the root's marker, with their descendants. */
function markedOf(
  rows: readonly ProcessRow[],
  { marker, within }: Pick<TreeRoot, "marker" | "within">,
  known: ReadonlyMap<number, ProcessRow>,
): ProcessRow[] {
  if (marker === undefined || process.platform !== "linux") return []
  const text = marker.join("=")
  const isWithin = membership(rows, within)
  const marked = rows.filter(
    (row) => !row.isZombie && !known.has(row.pid) && hasVariable(row.pid, text) && isWithin(row.pid),
  )
  const seeds = new Map(marked.map((row) => [row.pid, row]))
  return seeds.size === 0 ? [] : membersOf(rows, nobody, seeds)
}

function membership(rows: readonly ProcessRow[], root: TreeRoot | undefined): (pid: number) => boolean {
  if (root === undefined) return () => true
  const known = new Map([...(root.seen ?? [])].map((row) => [row.pid, row]))
  const below = new Set(membersOf(rows, root, known).map(({ pid }) => pid))
  const text = root.marker?.join("=")
  return (pid) => below.has(pid) || (text !== undefined && hasVariable(pid, text))
}

function hasVariable(pid: number, variable: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(variable)
  } catch {
    // Gone, or somebody else's.
    return false
  }
}

/** When a process was started, as in `ProcessRow`; null: it is gone, or there is no `/proc`. */
export function startedAtOf(pid: number): string | null {
  return process.platform === "linux" ? (procRow(pid)?.startedAt ?? null) : null
}

/** All processes: from `/proc`, else from `ps`. Empty when neither can be read. */
export async function snapshot(): Promise<readonly ProcessRow[]> {
  if (process.platform === "linux") return procRows()
  return psRows()
}

function procRows(): ProcessRow[] {
  // In one go without waiting: a few milliseconds, and processes do not move under our eyes.
  let names: readonly string[]
  try {
    names = readdirSync("/proc")
  } catch {
    // No descriptor is free: who is not seen now is looked for again.
    return []
  }
  return names.flatMap((name) => (/^\d+$/.test(name) ? (procRow(Number(name)) ?? []) : []))
}

function procRow(pid: number): ProcessRow | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1")
  } catch {
    // It ended while we were looking.
    return null
  }
  // The name stands in brackets and may hold anything, brackets and spaces included.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return {
    pid,
    isZombie: fields[0] === "Z" || fields[0] === "X",
    parentPid: Number(fields[1]),
    groupId: Number(fields[2]),
    sessionId: Number(fields[3]),
    startedAt: fields[19] ?? "",
  }
}

/** From `ps`, for systems without `/proc` (macOS). Exported to be compared in a test. */
export function psRows(): Promise<readonly ProcessRow[]> {
  return new Promise((resolve) => {
    const columns = "pid=,ppid=,pgid=,stat=,lstart="
    execFile("ps", ["-A", "-o", columns], { timeout: 2_000, maxBuffer: 16 << 20 }, (_error, stdout) => {
      resolve(stdout.split("\n").flatMap((line) => psRow(line) ?? []))
    })
  })
}

function psRow(line: string): ProcessRow | null {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line)
  if (match === null) return null
  const [, pid, parentPid, groupId, state, startedAt] = match
  return {
    pid: Number(pid),
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    sessionId: 0,
    isZombie: state?.startsWith("Z") === true,
    startedAt: startedAt ?? "",
  }
}

function livingOf(rows: readonly ProcessRow[], known: ReadonlyMap<number, ProcessRow>): ProcessRow[] {
  return rows.filter((row) => known.get(row.pid)?.startedAt === row.startedAt && !row.isZombie)
}

async function areGoneWithin(processes: readonly ProcessRow[], waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  let living = processes
  for (;;) {
    living = living.filter(isLiving)
    if (living.length === 0) return true
    if (performance.now() >= deadline) return false
    await new Promise<void>((resolve) => {
      setTimeout(resolve, pollMs)
    })
  }
}

function isLiving({ pid, startedAt }: ProcessRow): boolean {
  if (process.platform === "linux") {
    const row = procRow(pid)
    return row !== null && !row.isZombie && row.startedAt === startedAt
  }
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // ESRCH: gone. EPERM: the pid is somebody else's by now, so ours is gone too.
    return false
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has just ended by itself.
  }
}
