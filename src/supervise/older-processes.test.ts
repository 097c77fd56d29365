import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { closeSync, constants, openSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { makeOldAgent } from "../../test/support/old-home.ts"
import { createTempDir } from "../../test/support/temp-dir.ts"
import { olderRelease } from "./older-release.ts"

let session: ChildProcess
let home: string
beforeAll(() => {
  const code = ["-e", "setInterval(() => {}, 1000)", "--", "-m", "ai_agent_proxy.session"]
  session = spawn(process.execPath, code, { argv0: "python3", stdio: "ignore" })
})
afterAll(() => void session.kill())
beforeEach(async () => {
  const folder = await createTempDir("older-release")
  onTestFinished(() => folder.remove())
  home = folder.path
  await makeOldAgent(home, "manager", { autostart: true })
})

const files = ["master.pid", "manager/control/session.pid"]

/** Of an agent that was stopped no other file has it. */
const runtime = (pid: number | undefined) => JSON.stringify({ autostart: false, last_pid: pid })

const others: readonly [string, (path: string) => void][] = [
  ["a link", (path) => symlinkSync(join(home, "elsewhere"), path)],
  ["a pipe", (path) => void execFileSync("mkfifo", [path])],
  ["a longer text", (path) => writeFileSync(path, `${" ".repeat(64)}${session.pid}`)],
]

const nextSteps = async () => (await olderRelease(home, null))?.toDo.map(({ next }) => next)

describe.runIf(process.platform === "linux")("a process that release 0.2.0 has left", () => {
  it.each(files)("is told by the number in %s", async (file) => {
    writeFileSync(join(home, file), `${session.pid}\n`)
    expect(await nextSteps()).toEqual([expect.stringMatching(new RegExp(`kill (-9 )?${session.pid}$`))])
  })

  it("is told where the agent was stopped: its session may run all the same, once, and of no other number there", async () => {
    await makeOldAgent(home, "reviewer_alice", runtime(session.pid))
    await makeOldAgent(home, "engineer_ann", runtime(process.pid))
    expect(await nextSteps()).toEqual([`kill -9 ${session.pid}`])
    writeFileSync(join(home, "reviewer_alice/control/session.pid"), `${session.pid}`)
    expect(await nextSteps()).toEqual([`kill -9 ${session.pid}`])
  })

  it.each(files.flatMap((file) => others.map(([kind, make]) => ({ file, kind, make }))))(
    "is not told, and nobody waits, where $kind is $file",
    async ({ file, make }) => {
      writeFileSync(join(home, "elsewhere"), String(session.pid))
      make(join(home, file))
      let isHeldUp = false
      const deadline = setTimeout(() => {
        isHeldUp = true
        // Whoever waits for the other end of a pipe goes on.
        closeSync(openSync(join(home, file), constants.O_RDWR | constants.O_NONBLOCK))
      }, 5000)
      const told = await nextSteps().finally(() => clearTimeout(deadline))
      expect([told, isHeldUp]).toEqual([[], false])
    },
    20_000,
  )
})
