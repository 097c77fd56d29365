import { chmodSync, statSync } from "node:fs"
import { readFile, rm } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { controlSocketOf } from "../../config/control-socket.ts"
import { removeTemporaries, writeAtomic } from "../../disk/write-atomic.ts"
import { messageOf } from "../../domain/errors.ts"
import { fileProblemOf, systemCodeOf } from "../../domain/file-problem.ts"
import { HomeError, isRunning } from "./home.ts"

/** SQLite's result code of a lock that somebody else holds. */
const sqliteBusy = 5

const lockName = "daemon.lock"

/**
 * A home that belongs to this process until `release`, or its end by whatever means. To be held on
 * to until then: the garbage collector closes what nobody has.
 */
export interface HomeLock {
  /**
   * Takes the lock again where its file was removed: a second daemon would lock another one of that
   * name. True: it had to. Rejects with `HomeLockedError` when somebody was faster.
   */
  renew(): Promise<boolean>
  /** Safe twice. */
  release(): Promise<void>
}

/** Another daemon has the home. */
export class HomeLockedError extends HomeError {
  /** The other's process id; null when it has not written it yet. */
  readonly pid: number | null

  constructor(home: string, pid: number | null) {
    const who = pid === null ? "another daemon" : `another daemon (pid ${pid})`
    super(
      home,
      `${who} is already using ${home}. Stop it first, or give this one a home of its own with AI_AGENT_PROXY_HOME.`,
    )
    this.name = "HomeLockedError"
    this.pid = pid
  }
}

/**
 * One daemon a home. The lock is the kernel's (an exclusive SQLite transaction on `daemon.lock`;
 * Node has no `flock`), so it ends with the process even after SIGKILL: no stale lock to clean up.
 * Nothing else in this process may open `daemon.lock`: closing any descriptor of a file gives up
 * all POSIX locks that the process has on it.
 *
 * Rejects with `HomeLockedError`, or `HomeError` when the file system cannot lock.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  let database = await takeLock(home)
  const pidFile = join(home, "daemon.pid")
  try {
    // Somebody removed the file of the lock that the other one has.
    if (await answers(controlSocketOf(home))) throw new HomeLockedError(home, await readDaemonPid(home))
    await removeTemporaries(pidFile)
    await writeAtomic(pidFile, `${process.pid}\n`)
  } catch (error) {
    database.close()
    if (error instanceof HomeLockedError) throw error
    throw new HomeError(home, `${pidFile} cannot be written: ${fileProblemOf(error)}.`, error)
  }
  let fileId = idOf(home)
  return {
    async renew() {
      if (!database.isOpen || idOf(home) === fileId) return false
      const next = await takeLock(home)
      database.close()
      database = next
      fileId = idOf(home)
      await writeAtomic(pidFile, `${process.pid}\n`)
      return true
    },
    async release() {
      if (!database.isOpen) return
      try {
        // Before the lock goes: afterwards the file may be the next daemon's already.
        if (idOf(home) === fileId) await rm(pidFile, { force: true })
      } finally {
        if (database.isOpen) database.close()
      }
    },
  }
}

/** Null: it is not there. */
function idOf(home: string): string | null {
  const stats = statSync(join(home, lockName), { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? null : `${stats.dev} ${stats.ino}`
}

/** True: somebody listens there. A path that is too long for the system is not tried. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    const end = (isAnswered: boolean) => () => {
      socket.destroy()
      resolve(isAnswered)
    }
    socket.once("connect", end(true))
    socket.once("error", end(false))
  })
}

async function takeLock(home: string): Promise<DatabaseSync> {
  const path = join(home, lockName)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    // No journal file: nothing is ever written.
    database.exec("pragma journal_mode = memory; begin exclusive")
    chmodSync(path, 0o600)
    return database
  } catch (error) {
    if (database?.isOpen) database.close()
    if (error instanceof Error && "errcode" in error && error.errcode === sqliteBusy) {
      throw new HomeLockedError(home, await readDaemonPid(home))
    }
    throw new HomeError(home, `${path} cannot be locked: ${messageOf(error)}.`, error)
  }
}

/** The process id that the running daemon left, or null: no file, or its process is gone. */
async function readDaemonPid(home: string): Promise<number | null> {
  let text: string
  try {
    text = await readFile(join(home, "daemon.pid"), "utf8")
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return null
    throw error
  }
  const pid = /^\d{1,10}\s*$/.test(text) ? Number(text) : 0
  return pid > 0 && isRunning(pid) ? pid : null
}
