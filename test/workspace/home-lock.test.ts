import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { HomeError } from "../../src/workspace/home/home.ts"
import { HomeLockedError, lockHome } from "../../src/workspace/home/home-lock.ts"

const program = join(import.meta.dirname, "programs/hold-lock.ts")

describe("the lock of a home", () => {
  let home: string
  let other: ChildProcess | null = null

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "lock-"))
  })

  afterEach(async () => {
    if (other !== null && other.exitCode === null && other.signalCode === null) {
      other.kill("SIGKILL")
      await once(other, "exit")
    }
    other = null
    await rm(home, { recursive: true })
  })

  /** A second process that has the lock. */
  async function startHolder(): Promise<ChildProcess> {
    other = spawn(process.execPath, [program, home], { stdio: ["pipe", "pipe", "inherit"] })
    const { stdout } = other
    if (stdout === null) throw new Error("the holder has no stdout")
    const [first] = await once(stdout, "data")
    expect(String(first)).toBe("locked\n")
    return other
  }

  const lockError = () => lockHome(home).catch((error: unknown) => error)

  it("keeps a second process out and names the first", async () => {
    const { pid } = await startHolder()
    const error = await lockError()
    expect(error).toBeInstanceOf(HomeLockedError)
    expect(error).toMatchObject({ pid, home })
    expect(String(error)).toContain(`another daemon (pid ${pid}) is already using ${home}`)
  })

  it("is free as soon as the holder was killed, whatever it left behind", async () => {
    const holder = await startHolder()
    holder.kill("SIGKILL")
    await once(holder, "exit")
    expect(existsSync(join(home, "daemon.pid"))).toBe(true)
    const lock = await lockHome(home)
    expect(await readFile(join(home, "daemon.pid"), "utf8")).toBe(`${process.pid}\n`)
    await lock.release()
  })

  it("is free after the holder released it, and the pid file is gone", async () => {
    const holder = await startHolder()
    holder.stdin?.end()
    await once(holder, "exit")
    expect(existsSync(join(home, "daemon.pid"))).toBe(false)
    await (await lockHome(home)).release()
  })

  it("cannot be had twice within one process either", async () => {
    const lock = await lockHome(home)
    expect(await lockError()).toMatchObject({ pid: process.pid })
    await lock.release()
    await lock.release()
    await (await lockHome(home)).release()
  })

  it("still keeps others out after attempts within its own process failed", async () => {
    const lock = await lockHome(home)
    expect(await lockError()).toBeInstanceOf(HomeLockedError)
    const late = spawn(process.execPath, [program, home], { stdio: ["ignore", "pipe", "ignore"] })
    const [code] = await once(late, "exit")
    expect(code).not.toBe(0)
    await lock.release()
  })

  it.each(["", "not a number", "0", "99999999"])(
    "names no pid when the pid file says %j",
    async (content) => {
      const lock = await lockHome(home)
      await writeFile(join(home, "daemon.pid"), content)
      expect(await lockError()).toMatchObject({ pid: null })
      await lock.release()
    },
  )

  it("leaves files that only their owner can read", async () => {
    const lock = await lockHome(home)
    for (const name of ["daemon.lock", "daemon.pid"]) {
      expect((await stat(join(home, name))).mode & 0o777).toBe(0o600)
    }
    await lock.release()
  })

  it("says which file could not be locked where the home is missing", async () => {
    const error = await lockHome(join(home, "missing")).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(HomeError)
    expect(error).not.toBeInstanceOf(HomeLockedError)
    expect(String(error)).toContain(join(home, "missing", "daemon.lock"))
  })
})
