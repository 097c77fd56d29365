import { readFileSync } from "node:fs"

/**
 * How many files and sockets this process may have open; null: the system does not say (only Linux does). Node raises its own
 * soft limit to the hard one when it starts, so it is the one in force.
 */
export function openFilesLimit(read = () => readFileSync("/proc/self/limits", "utf8")): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(read()) ?? []
    return soft === undefined || soft === "unlimited" ? null : Number(soft)
  } catch {
    // Not there: not Linux, or a container that hides it.
    return null
  }
}

export interface ConnectionLimits {
  /** Connections that are served. */
  readonly connections: number
  /** Connections that may be open, those included that are only told that there is no room. */
  readonly open: number
}

/** What agents' processes, the ledger and files need of the open files. */
const otherFiles = 512

/** A burst is told that there is no room, and not dropped: so many beyond those that are served. */
const burst = 1024

/** `wanted` connections, or as many as the open files allow. */
export function connectionLimits(wanted: number, openFiles: number | null): ConnectionLimits {
  const wantedOpen = wanted + Math.max(wanted, burst)
  if (openFiles === null) return { connections: wanted, open: wantedOpen }
  const forSockets = openFiles - Math.min(otherFiles, Math.floor(openFiles / 3))
  const connections = Math.max(1, Math.min(wanted, Math.floor((forSockets * 3) / 4)))
  return { connections, open: Math.min(wantedOpen, forSockets) }
}
