import { join } from "node:path"
import type { AgentProfile } from "../../domain/agents.ts"
import type { Log } from "../../domain/log.ts"
import { localDay, withoutServiceLines } from "./notes.ts"
import { type BothEnds, ExcerptCache, type Found, readBothEnds, readExcerpt } from "./read-excerpt.ts"

/** The digest is paid for in tokens by every new thread. */
const maxMemoryBytes = 4_096
const maxNotesBytes = 2_048
const maxSoulBytes = 2_048

/**
 * What stands in front of a new thread's developer instructions: who the agent is, where it works,
 * its character, what it remembers. What was read of an agent's files is kept as long as they stay
 * the same.
 */
export class ThreadPreambles {
  readonly #memories = new ExcerptCache((own) => readBothEnds(own, maxMemoryBytes))
  /** The latest stands last in a note. */
  readonly #notes = new ExcerptCache((own) => readExcerpt(own, maxNotesBytes, "end"))
  readonly #souls = new ExcerptCache((own) => readExcerpt(own, maxSoulBytes, "start"))
  /** What the log has been told of already. */
  readonly #reported = new WeakSet<Found<unknown>>()

  /**
   * Never fails; what cannot be read is left out, which `log` is told once. `now` decides which
   * day's notes count, in local time.
   */
  async of(profile: AgentProfile, { now, log }: { readonly now: Date; readonly log: Log }): Promise<string> {
    const root = profile.workspace
    const memoryPath = "memory/memory.md"
    const notesPath = `notes/daily-${localDay(now)}.md`
    const [memoryFile, notesFile] = [join(root, memoryPath), join(root, notesPath)]
    const found = await Promise.all([
      this.#memories.read({ root, path: memoryPath }),
      this.#notes.read({ root, path: notesPath }),
      this.#souls.read({ root, path: "SOUL.md" }),
    ])
    for (const one of found) {
      if (one.problem === null || this.#reported.has(one)) continue
      this.#reported.add(one)
      log("warn", "new threads begin without a part of what the agent remembers", { problem: one.problem })
    }
    const [memory, notes, soul] = [found[0].content, found[1].content, found[2].content]

    const parts = [
      `You are \`${profile.id}\` (role: ${profile.role}). Your workspace, with your memory and notes, is ${profile.workspace}.\n` +
        `Your working directory is ${profile.workingDirectory}: tasks are about this folder unless they say otherwise.`,
    ]
    // The heading says the same as our words.
    const character = withoutTemplate(soul?.text ?? "").replace(/^# .*\n+/, "")
    if (character !== "") {
      const which = soul?.isCut === true ? "; only its beginning is here, open the file for the rest" : ""
      parts.push(`Your character (${join(root, "SOUL.md")}${which}):\n${character}`)
    }
    const remembered = memory === null ? "" : digestOf(memory, memoryFile)
    if (remembered !== "") parts.push(`Your memory (${memoryFile}):\n${remembered}`)
    const noted = withoutServiceLines(notes?.text ?? "").trim()
    if (noted !== "") {
      const which = notes?.isCut === true ? "; only the end is here, open the file for the rest" : ""
      parts.push(`Your notes of today (${notesFile}${which}):\n${noted}`)
    }
    return parts.join("\n\n")
  }
}

/** Standing facts are first in a memory; what was learned lately is last (`remember`). */
function digestOf({ start, end, omittedBytes }: BothEnds, path: string): string {
  const first = withoutTemplate(start)
  if (omittedBytes === 0) return first
  const gap = `[${Math.ceil(omittedBytes / 1024)} kB are left out here; they are in ${path}]`
  return [first, gap, withoutTemplate(end)].filter((part) => part !== "").join("\n")
}

/** The text without comments; empty when only headings are left, as in an untouched memory. */
function withoutTemplate(text: string): string {
  // Only where one begins a line: a fact that has the signs in it must not hide what comes after
  // it.
  const stripped = text.replaceAll(/^<!--[\s\S]*?-->/gm, "").trim()
  return stripped.split("\n").every((line) => line.trim() === "" || line.startsWith("#")) ? "" : stripped
}
