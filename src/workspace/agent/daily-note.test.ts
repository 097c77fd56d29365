import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { addNoteLines, noteLine } from "./notes.ts"

const now = new Date(2026, 2, 7, 9, 5)

describe("the note of the day", () => {
  let workspace: string

  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), "note-"))
    await mkdir(join(workspace, "notes"))
  })
  afterEach(() => rm(workspace, { recursive: true }))

  const note = async (asked: string, answered: string, status = "completed"): Promise<string> => {
    await addNoteLines(workspace, [noteLine({ at: now, asked, answered, status })])
    return readFile(join(workspace, "notes", "daily-2026-03-07.md"), "utf8")
  }

  it("gets one line for each turn", async () => {
    await note("Where do we deploy?", "To the\nold server.")
    expect(await note("And now?", "", "failed")).toBe(
      "- 09:05 asked: Where do we deploy? → To the old server.\n- 09:05 asked: And now? → failed\n",
    )
  })

  it("is short, whatever was said", async () => {
    expect((await note("a ".repeat(10_000), "ü🙂".repeat(10_000))).length).toBeLessThan(400)
  })

  it("is written also where the note of another day cannot be, which is told", async () => {
    await mkdir(join(workspace, "notes", "daily-2026-03-06.md"))
    const asked = { asked: "And now?", answered: "", status: "completed" }
    const lines = [6, 7, 6].map((day) => noteLine({ ...asked, at: new Date(2026, 2, day, 9, 5) }))
    await expect(addNoteLines(workspace, lines)).rejects.toThrow("is a folder and not a file")
    expect(await readFile(join(workspace, "notes", "daily-2026-03-07.md"), "utf8")).toBe(
      "- 09:05 asked: And now? → done\n",
    )
  })

  it.each([
    "sk-abcdefghijklmnopqrstuvwx",
    "ghp_0123456789abcdefghij0123",
    "password: hunter2",
    "API_KEY=abc",
  ])("keeps %s to itself", async (secret) => {
    const line = await note(`Use ${secret} for it.`, "Done.")
    expect(line).toContain("[secret]")
    expect(line).not.toContain(secret.split(/[:=] ?/).at(-1))
  })
})
