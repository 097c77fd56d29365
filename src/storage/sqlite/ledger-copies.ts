import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs"
import { basename, dirname, join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { ProxyError } from "../../domain/errors.ts"

/** More are removed, the oldest first. */
const keptCopies = 3
/** Beyond the size of the ledger: a disk is never filled to the last byte by a copy. */
const spareBytes = 8 * 1024 * 1024

export interface LedgerCopy {
  /** Absolute. */
  readonly path: string
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly madeAt: number
}

/** The copies beside a ledger, the newest first. */
export function copiesOf(path: string): readonly LedgerCopy[] {
  const folder = dirname(path)
  return namesIn(folder)
    .filter((name) => isCopy(path, name))
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name))
      return { path: join(folder, name), bytes: size, madeAt: mtimeMs }
    })
    .sort((one, other) => other.madeAt - one.madeAt)
}

/**
 * A copy of the open ledger beside it, before its schema is changed to `version`:
 * `state.db.before-VERSION-TIME`. It is whole or not there. Throws `ProxyError` where there is no
 * room for it, and SQLite's errors.
 */
export function copyBefore(database: DatabaseSync, path: string, version: number, now: Date): string {
  removeHalfCopies(path)
  assertRoom(path)
  const target = `${path}.before-${version}-${stampOf(now)}`
  const part = `${target}.part`
  try {
    // SQLite writes into an empty file, which nobody else could read from the beginning.
    closeSync(openSync(part, "wx", 0o600))
    database.prepare("vacuum into ?").run(part)
    sync(part)
    renameSync(part, target)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
  for (const old of copiesOf(path).slice(keptCopies)) rmSync(old.path, { force: true })
  return target
}

/** As part of a file's name, to the second, in UTC. */
export function stampOf(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll(/[:-]/g, "")
}

export function sync(path: string): void {
  chmodSync(path, 0o600)
  const file = openSync(path, "r+")
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function assertRoom(path: string): void {
  const needed = sizeOf(path) + sizeOf(`${path}-wal`) + spareBytes
  const { bavail, bsize } = statfsSync(dirname(path))
  const free = bavail * bsize
  if (free >= needed) return
  throw new ProxyError(
    "storage_failed",
    `There is no room for the copy of the ledger that is made before an upgrade: ${megabytes(needed)} are needed beside ${path}, ` +
      `${megabytes(free)} are free. Nothing was changed. Make room, then start again.`,
  )
}

function removeHalfCopies(path: string): void {
  for (const name of namesIn(dirname(path))) {
    if (name.endsWith(".part") && isCopy(path, name.slice(0, -".part".length))) {
      rmSync(join(dirname(path), name), { force: true })
    }
  }
}

function isCopy(path: string, name: string): boolean {
  const prefix = `${basename(path)}.before-`
  return name.startsWith(prefix) && /^\d+-\d{8}T\d{6}$/.test(name.slice(prefix.length))
}

/** Empty where it cannot be read: what is wrong comes up where the ledger itself is opened. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    // See above.
    return []
  }
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
