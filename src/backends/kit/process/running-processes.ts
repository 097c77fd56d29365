import { readFileSync } from "node:fs"
import { z } from "zod"
import type { OwnPath } from "../../../disk/held-folder.ts"
import { readOwnFileSync, removeOwnFileSync, replaceOwnFileSync } from "../../../disk/own-file.ts"
import { messageOf } from "../../../domain/errors.ts"
import type { Log } from "../../../domain/log.ts"
import { type EndStep, endProcessTree, nobody, snapshot, startedAtOf } from "./process-tree.ts"

const entrySchema = z.object({
  pid: z.number().int().min(2),
  started_at: z.string().min(1).nullable(),
  marker: z.string().regex(/^[\w-]{16,}$/),
  // Missing in the files of releases before it was noted.
  boot_id: z.string().min(1).nullable().optional(),
})
type Entry = z.infer<typeof entrySchema>

/** The variable by which descendants are found that left group, session and parent. */
export const turnMarkerName = "AI_AGENT_PROXY_TURN"

/** A hundred bytes a process. */
const maxBytes = 1024 * 1024

const leftBehindSteps: readonly EndStep[] = [
  { signal: "SIGTERM", waitMs: 500 },
  { signal: "SIGKILL", waitMs: 1_000 },
]

/**
 * The CLIs that run, and what of theirs could not be found otherwise, in
 * `control/exec-running.json` of the workspace: a service that is killed ends none of them, so the
 * next one does (`endLeftBehind`). A pid alone is not believed, because pids are used again: the
 * process must also have been started at the same time, or have the marker of its turn in its
 * environment (Linux). Linux counts that time from the start of the machine, so what was noted
 * before that is not looked for.
 *
 * Written at once and without waiting, in the tick of the spawn; the file is small. Not synced:
 * after a power cut there are no processes either. A file that cannot be written is logged, and
 * costs no turn.
 */
export class RunningProcesses {
  readonly #file: OwnPath
  readonly #log: Log
  readonly #bootId = bootIdNow()
  readonly #entries = new Map<number, Entry>()
  #cleaning: Promise<void> | null = null

  constructor(workspace: string, log: Log) {
    this.#file = fileOf(workspace)
    this.#log = log
  }

  /** Once, at first: what a killed service left in this workspace is ended. Never rejects. */
  cleaned(): Promise<void> {
    this.#cleaning ??= endLeftBehind(this.#file.root, this.#log)
    return this.#cleaning
  }

  add(pid: number, marker: string): void {
    const entry: Entry = { pid, started_at: startedAtOf(pid), marker, boot_id: this.#bootId }
    this.#entries.set(pid, entry)
    this.#write()
    if (entry.started_at === null) void this.#findStart(entry)
  }

  remove(pid: number): void {
    if (this.#entries.delete(pid)) this.#write()
  }

  /** Without `/proc` only a program tells when another was started. */
  async #findStart(entry: Entry): Promise<void> {
    const row = (await snapshot()).find(({ pid }) => pid === entry.pid)
    if (row === undefined || this.#entries.get(entry.pid) !== entry) return
    this.#entries.set(entry.pid, { ...entry, started_at: row.startedAt })
    this.#write()
  }

  #write(): void {
    try {
      if (this.#entries.size === 0) removeOwnFileSync(this.#file)
      else replaceOwnFileSync(this.#file, `${JSON.stringify([...this.#entries.values()])}\n`)
    } catch (error) {
      this.#log("warn", "running processes cannot be noted", { reason: messageOf(error) })
    }
  }
}

/**
 * Ends what turns of a service that was killed left running in this workspace. To be called before
 * the first turn of a start, while nothing of this service runs there. Never rejects; takes no time
 * where nothing was left.
 */
export async function endLeftBehind(workspace: string, log: Log): Promise<void> {
  const file = fileOf(workspace)
  try {
    const bootId = bootIdNow()
    const entries = readEntries(file).filter(({ boot_id = bootId }) => boot_id === bootId)
    if (entries.length > 0) {
      const rows = await snapshot()
      await Promise.all(
        entries.map(({ pid, started_at, marker }) => {
          const isOurs = rows.some((row) => row.pid === pid && row.startedAt === started_at)
          // Without its leader a group may be somebody else's by now: then the marker alone counts.
          const root = isOurs ? { pid, hasExited: () => hasAnotherStart(pid, started_at) } : nobody
          return endProcessTree({ ...root, marker: [turnMarkerName, marker] }, leftBehindSteps)
        }),
      )
      log("info", "processes of turns of an earlier run were ended", { turns: entries.length })
    }
    removeOwnFileSync(file)
  } catch (error) {
    log("warn", "processes of an earlier run cannot be looked for", { reason: messageOf(error) })
  }
}

function hasAnotherStart(pid: number, startedAt: string | null): boolean {
  return process.platform === "linux" && startedAtOf(pid) !== startedAt
}

/** Another one after each start of the machine; null: not told, as without `/proc`. */
function bootIdNow(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() || null
  } catch {
    // There the time of a process's start is one of the calendar, and tells it apart by itself.
    return null
  }
}

function readEntries(file: OwnPath): Entry[] {
  try {
    return z.array(entrySchema).parse(JSON.parse(readOwnFileSync(file, maxBytes).toString("utf8")))
  } catch {
    // Missing, as after each end but a kill, or damaged: nobody is known to be left.
    return []
  }
}

function fileOf(root: string): OwnPath {
  return { root, path: "control/exec-running.json" }
}
