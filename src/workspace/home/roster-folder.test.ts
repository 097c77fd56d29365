import { mkdirSync, renameSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { ensureAgentWorkspace } from "../agent/agent-workspace.ts"
import { RosterFolder } from "./roster-folder.ts"

const pollMs = 5_000

let folder: TempDir
let roster: RosterFolder

beforeEach(async () => {
  folder = await createTempDir("roster-folder")
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
})
afterEach(async () => {
  roster.close()
  vi.useRealTimers()
  await folder.remove()
})

it("tells once that a home cannot be read that was moved away, and again when it happens again", async () => {
  const home = join(folder.path, "home")
  mkdirSync(home)
  await ensureAgentWorkspace(home, { role: "manager", name: null })
  const told: string[] = []
  roster = new RosterFolder(home, (_, message) => told.push(message))
  await roster.read()
  roster.watch(() => {})
  const polled = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      vi.advanceTimersByTime(pollMs)
      // One reading at a time: the poll's is over then.
      await roster.read().catch(() => {})
    }
  }
  for (const count of [1, 2]) {
    renameSync(home, `${home}.away`)
    await polled(3)
    expect(told).toHaveLength(count)
    renameSync(`${home}.away`, home)
    await polled(1)
  }
  expect(roster.entries.map(({ id }) => id)).toEqual(["manager"])
})
