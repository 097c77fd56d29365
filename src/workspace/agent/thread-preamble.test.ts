import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { AgentProfile } from "../../domain/agents.ts"
import { ensureAgentWorkspace } from "./agent-workspace.ts"
import { appendMemory } from "./notes.ts"
import { ThreadPreambles } from "./thread-preamble.ts"

const logged: unknown[] = []
const log = (...entry: unknown[]) => void logged.push(entry)
/** Local time, as the name of the day's note is. */
const now = new Date(2026, 2, 7, 0, 30)

const preambles = new ThreadPreambles()
const threadPreamble: ThreadPreambles["of"] = (...options) => preambles.of(...options)

describe("threadPreamble", () => {
  let home: string
  let profile: AgentProfile

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "preamble-"))
    const { id, path } = await ensureAgentWorkspace(home, { role: "engineer", name: "alice" })
    const workingDirectory = join(home, "work")
    profile = { id, identity: "agent-1", role: "engineer", name: "alice", workspace: path, workingDirectory }
  })

  afterEach(async () => {
    await rm(home, { recursive: true })
  })

  const remember = (text: string | Buffer) => writeFile(join(profile.workspace, "memory/memory.md"), text)
  const note = (day: string, text: string) =>
    writeFile(join(profile.workspace, `notes/daily-${day}.md`), text)

  it("says who the agent is and where it works, and nothing of an untouched memory", async () => {
    const text = await threadPreamble(profile, { now, log })
    expect(text).toContain("`engineer_alice` (role: engineer)")
    expect(text).toContain(profile.workspace)
    expect(text).toContain(`${profile.workingDirectory}: tasks are about this folder`)
    expect(text).not.toContain("memory.md")
    expect(text).not.toContain("#")
    expect(text.split("\n").slice(3)).toEqual([
      `Your character (${join(profile.workspace, "SOUL.md")}):`,
      "Calm, direct and honest. Plain words, short sentences. Curious about how things work, careful with what belongs to others.",
    ])
  })

  it("holds the character that people have given the agent, of a long one the beginning", async () => {
    const soul = (text: string) => writeFile(join(profile.workspace, "SOUL.md"), text)
    await soul("# Soul\n\nYou speak like a pirate.\n")
    expect(await threadPreamble(profile, { now, log })).toMatch(/SOUL\.md\):\nYou speak like a pirate\.$/)
    await soul(`FIRST\n${"a line\n".repeat(1_000)}LAST\n`)
    const text = await threadPreamble(profile, { now, log })
    expect(text).toContain("only its beginning is here, open the file for the rest):\nFIRST\n")
    expect(text).not.toContain("LAST")
    await soul("")
    expect(await threadPreamble(profile, { now, log })).not.toContain("character")
  })

  it("holds the memory and the notes of today, not those of another day", async () => {
    await remember("# Memory\n\n<!-- how to -->\n- Ann likes tea.\n")
    await note("2026-03-07", "- deployed\n")
    await note("2026-03-06", "- yesterday\n")
    const text = await threadPreamble(profile, { now, log })
    expect(text).toContain("- Ann likes tea.")
    expect(text).toContain("- deployed")
    expect(text).not.toContain("yesterday")
    expect(text).not.toContain("how to")
  })

  it("stays short however large memory and notes are: both ends of the memory, and the notes' end", async () => {
    const line = "- ein Fakt über 🦀\n"
    await remember(`- FIRST\n${line.repeat(100_000)}- LAST\n`)
    await note("2026-03-07", `FIRST NOTE\n${"- a note\n".repeat(100_000)}LAST NOTE\n`)
    const text = await threadPreamble(profile, { now, log })
    expect(Buffer.byteLength(text)).toBeLessThan(7_000)
    const [memory = "", notes = ""] = text.split("Your notes of today")
    const lines = memory.trim().split("\n").slice(7)
    const gap = lines.findIndex((each) => each.startsWith("["))
    expect(lines[gap]).toBe(
      `[2145 kB are left out here; they are in ${join(profile.workspace, "memory/memory.md")}]`,
    )
    const [first, ...others] = lines.toSpliced(gap, 1)
    expect([first, others.pop()]).toEqual(["- FIRST", "- LAST"])
    expect(new Set(others)).toEqual(new Set([line.trim()]))
    expect(others.length).toBeGreaterThan(100)
    expect(notes).toContain("LAST NOTE")
    expect(notes).not.toContain("FIRST NOTE")
    expect(notes).toContain("only the end is here")
  })

  it("has the newest fact of a long memory, even one that is longer than its place", async () => {
    await remember("- a fact\n".repeat(1_000))
    await appendMemory(profile.workspace, "Ann prefers tea.", now)
    expect(await threadPreamble(profile, { now, log })).toMatch(/- 2026-03-07: Ann prefers tea\.$/)
    await appendMemory(profile.workspace, `${"🦀".repeat(980)} The end.`, now)
    const text = await threadPreamble(profile, { now, log })
    expect(text).toMatch(/\n🦀+ The end\.$/u)
    expect(text).not.toContain("\uFFFD")
  })

  it("hides nothing behind a fact that looks like the beginning of a comment", async () => {
    for (const fact of ["HTML comments begin with <!--", "Ann likes tea.", "and end with -->"]) {
      await appendMemory(profile.workspace, fact, now)
    }
    expect(await threadPreamble(profile, { now, log })).toContain("- 2026-03-07: Ann likes tea.")
  })

  it("leaves a binary memory out, which is told once", async () => {
    logged.length = 0
    await remember(Buffer.from([1, 0, 2, 0]))
    for (let count = 0; count < 2; count += 1) {
      expect((await threadPreamble(profile, { now, log })).split("\n")).toHaveLength(5)
    }
    const problem = expect.stringContaining("memory/memory.md is no text")
    expect(logged).toEqual([["warn", expect.any(String), { problem }]])
  })

  it("has a memory with a byte of another encoding, and one with a fact about U+FFFD", async () => {
    await remember(Buffer.from("\xef\xbb\xbf- Ann likes caf\xe9.\n- Bob likes tea.\n", "latin1"))
    const text = await threadPreamble(profile, { now, log })
    expect(text).toContain("\n- Ann likes caf\uFFFD.\n- Bob likes tea.")
    expect(text).not.toContain("\uFEFF")
    await remember("- Ann likes tea.\n")
    await appendMemory(profile.workspace, "\uFFFD stands for what cannot be read.", now)
    expect(await threadPreamble(profile, { now, log })).toContain("- 2026-03-07: \uFFFD stands for")
  })

  it.each(["utf-16le", "utf-16be"] as const)(
    "has a memory in %s, also what was added later",
    async (encoding) => {
      const inTwoBytes = (text: string) => {
        const bytes = Buffer.from(`\uFEFF${text}`, "utf16le")
        return encoding === "utf-16be" ? bytes.swap16() : bytes
      }
      await remember(inTwoBytes("- Ann likes 🍵."))
      await appendMemory(profile.workspace, "Bob likes 🍵.", now)
      const text = await threadPreamble(profile, { now, log })
      expect(text).toMatch(/\n- Ann likes 🍵\.\n- 2026-03-07: Bob likes 🍵\.$/u)
      await remember(inTwoBytes(`- FIRST\n${"- a fact about 🍵\n".repeat(1000)}- LAST\n`))
      const both = await threadPreamble(profile, { now, log })
      expect(both).toContain("\n- FIRST\n- a fact about 🍵\n")
      expect(both).toMatch(/\n- a fact about 🍵\n- LAST$/u)
      expect(both).toContain("kB are left out here")
    },
  )

  it("has nothing of what a link leads to, and nothing is remembered there", async () => {
    logged.length = 0
    const memory = join(profile.workspace, "memory/memory.md")
    await writeFile(join(home, "secrets"), "- a secret\n")
    await rm(memory)
    await symlink(join(home, "secrets"), memory)
    expect((await threadPreamble(profile, { now, log })).split("\n")).toHaveLength(5)
    expect(JSON.stringify(logged)).toContain(`${memory} is a symbolic link`)
    await expect(appendMemory(profile.workspace, "a fact", now)).rejects.toThrow(
      `${memory} is a symbolic link`,
    )
    await rm(join(profile.workspace, "memory"), { recursive: true })
    await mkdir(join(home, "elsewhere"))
    await writeFile(join(home, "elsewhere/memory.md"), "- a secret\n")
    await symlink(join(home, "elsewhere"), join(profile.workspace, "memory"))
    expect((await threadPreamble(profile, { now, log })).split("\n")).toHaveLength(5)
    await expect(appendMemory(profile.workspace, "a fact", now)).rejects.toThrow("is a symbolic link")
    expect(await readFile(join(home, "elsewhere/memory.md"), "utf8")).toBe("- a secret\n")
  })

  it("remembers also where the folder of the memory was removed", async () => {
    await rm(join(profile.workspace, "memory"), { recursive: true })
    await appendMemory(profile.workspace, "Ann likes tea.", now)
    expect(await threadPreamble(profile, { now, log })).toContain("- 2026-03-07: Ann likes tea.")
  })

  it("works without a workspace at all", async () => {
    await rm(profile.workspace, { recursive: true })
    expect(await threadPreamble(profile, { now, log })).toContain("engineer_alice")
  })
})
