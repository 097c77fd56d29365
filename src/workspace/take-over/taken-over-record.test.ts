import { execFileSync } from "node:child_process"
import {
  closeSync,
  constants,
  cpSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { mkdir, rename } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { contentsOf } from "../../../test/support/contents-of.ts"
import { Killed, MortalFiles } from "../../../test/support/mortal-files.ts"
import { makeOldAgent } from "../../../test/support/old-home.ts"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { cliCommandsOf } from "../../config/cli-commands.ts"
import { agentsToTakeOver, takenOverBefore, takeOverHome, takeOverLines } from "./taken-over-record.ts"

let temp: TempDir
let files: MortalFiles
let home: string
const defaults = { cliCommands: cliCommandsOf("codex"), workingDirectory: "/srv/work" }
const ids = ["engineer_alice", "manager", "reviewer_bob"]
const tooLong = `engineer_${"a".repeat(40)}`

beforeEach(async () => {
  temp = await createTempDir("taken-over-record")
  home = join(temp.path, "home")
  await mkdir(home)
  await makeOldAgent(home, "manager", { autostart: true, cli: "codex" })
  await makeOldAgent(home, "engineer_alice", "{")
  await makeOldAgent(home, "reviewer_bob", { autostart: false, cli: "claude", working_dir: "/srv/code" })
  await makeOldAgent(home, tooLong)
  files = await MortalFiles.over(home)
})
afterEach(async () => {
  files.restore()
  await temp.remove()
})

/** What was half written is swept away by the start of the service. */
function picture(): object {
  const kept = Object.entries(contentsOf(home)).filter(([name]) => !name.endsWith(".tmp"))
  return Object.fromEntries(
    // Made by chance.
    kept.map(([name, text]) => [name, name.endsWith("control/identity") ? text.length : text]),
  )
}

function makeHuge(path: string): void {
  writeFileSync(path, "")
  truncateSync(path, 2 ** 30)
}

const takeOver = () => takeOverHome(home, defaults)

describe("taking over a home of release 0.2.0", { timeout: 240_000 }, () => {
  it("is gone on with after a kill at any of its operations, and ends as if nothing had happened", async () => {
    const backup = join(temp.path, "backup")
    cpSync(home, backup, { recursive: true })
    const all = await takeOver()
    expect(all.agents).toEqual(ids)
    expect(all.left.map(({ folder }) => folder)).toEqual([tooLong, "engineer_alice/control"])
    const whole = picture()
    const record = await takenOverBefore(home)
    expect(record).toEqual(all)
    for (let number = 1; ; number += 1) {
      const point = `after a kill at operation ${number}`
      rmSync(home, { recursive: true })
      cpSync(backup, home, { recursive: true })
      const ran = await files.run(takeOver, number)
      if (!(ran instanceof Killed)) {
        expect(ran).toBeGreaterThan(30)
        break
      }
      const hasEnded = (await takenOverBefore(home))?.agents.length === ids.length
      expect([point, await agentsToTakeOver(home)]).toEqual([
        point,
        hasEnded ? [tooLong] : [...ids, tooLong].toSorted(),
      ])
      const again = await takeOver()
      expect([point, again]).toEqual([point, hasEnded ? { agents: [], left: [] } : all])
      expect([point, await takenOverBefore(home)]).toEqual([point, record])
      expect([point, picture()]).toEqual([point, whole])
      expect([point, await takeOver()]).toEqual([point, { agents: [], left: [] }])
    }
  })

  it("does not bring back an agent that somebody has moved away after a kill", async () => {
    await expect(files.run(takeOver, 12)).resolves.toBeInstanceOf(Killed)
    expect((await takenOverBefore(home))?.begun).toEqual(ids)
    for (const id of ids) await rename(join(home, id), join(temp.path, id))
    expect(await takeOver()).toMatchObject({ agents: [] })
    expect(Object.keys(contentsOf(home)).filter((name) => ids.some((id) => name.startsWith(id)))).toEqual([])
    expect(await takenOverBefore(home)).toEqual({
      agents: [],
      left: [{ folder: tooLong, why: expect.any(String) }],
    })
  })

  it.each([
    ["a pipe", (path: string) => void execFileSync("mkfifo", [path])],
    ["a link out of the home", (path: string) => symlinkSync("../outside", path)],
    ["a file beyond all measure", (path: string) => makeHuge(path)],
    ["a folder", (path: string) => mkdirSync(path)],
  ])("is not held up, and nobody is taken for an agent, where its record is %s", async (_what, make) => {
    writeFileSync(join(temp.path, "outside"), '{"agents": ["engineer_eve"], "left": []}')
    make(join(home, "from-0.2.0.json"))
    let isHeldUp = false
    const deadline = setTimeout(() => {
      isHeldUp = true
      // Whoever waits for the other end of the pipe goes on.
      closeSync(openSync(join(home, "from-0.2.0.json"), constants.O_RDWR | constants.O_NONBLOCK))
    }, 5_000)
    const record = await takenOverBefore(home).finally(() => clearTimeout(deadline))
    expect([record, isHeldUp]).toEqual([null, false])
    expect(await agentsToTakeOver(home)).toEqual([tooLong, ...ids].toSorted())
  })

  it("names no agent of its record that none can be, and tells nothing on a line of its own", async () => {
    const left = [{ folder: "engineer_x\n  next: type this", why: "\u001b[2Jit is \u202eodd\nvery" }]
    writeFileSync(
      join(home, "from-0.2.0.json"),
      JSON.stringify({ agents: ["manager", "../..", "a\u001b[2J"], left }),
    )
    const record = await takenOverBefore(home)
    expect(record?.agents).toEqual(["manager"])
    expect(takeOverLines({ agents: [], left: record?.left ?? [] })).toEqual([
      "From release 0.2.0, to be seen to: engineer_x next: type this: it is odd very.",
    ])
  })
})
