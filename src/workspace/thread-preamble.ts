import { join } from "node:path"
import type { AgentProfile } from "../domain/agents.ts"
import { withoutServiceLines } from "./daily-note.ts"
import { ExcerptCache } from "./excerpt-cache.ts"
import { localDay } from "./local-day.ts"
import { type BothEnds, readBothEnds, readExcerpt } from "./read-excerpt.ts"

/** The digest is paid for in tokens by every new thread. */
const maxMemoryBytes = 4_096
const maxNotesBytes = 2_048

const memories = new ExcerptCache((path) => readBothEnds(path, maxMemoryBytes))
/** The latest stands last in a note. */
const notesOfDays = new ExcerptCache((path) => readExcerpt(path, maxNotesBytes, "end"))

/**
 * What stands in front of a new thread's developer instructions: who the agent is, where it works, what it remembers.
 * Never fails; what cannot be read is left out. `now` decides which day's notes count, in local time.
 */
export async function threadPreamble(
  profile: AgentProfile,
  options: { readonly now: Date },
): Promise<string> {
  const memoryFile = join(profile.workspace, "memory", "memory.md")
  const notesFile = join(profile.workspace, "notes", `daily-${localDay(options.now)}.md`)
  const [memory, notes] = await Promise.all([memories.read(memoryFile), notesOfDays.read(notesFile)])

  const parts = [
    `You are \`${profile.id}\` (role: ${profile.role}). Your workspace, with your memory and notes, is ${profile.workspace}.\n` +
      `Your working directory is ${profile.workingDirectory}: tasks are about this folder unless they say otherwise.`,
  ]
  const remembered = memory === null ? "" : digestOf(memory, memoryFile)
  if (remembered !== "") parts.push(`Your memory (${memoryFile}):\n${remembered}`)
  const noted = withoutServiceLines(notes?.text ?? "").trim()
  if (noted !== "") {
    const which = notes?.isCut === true ? "; only the end is here, open the file for the rest" : ""
    parts.push(`Your notes of today (${notesFile}${which}):\n${noted}`)
  }
  return parts.join("\n\n")
}

/** Standing facts are first in a memory; what was learned lately is last, where `remember` puts it. */
function digestOf({ start, end, omittedBytes }: BothEnds, path: string): string {
  const first = withoutTemplate(start)
  if (omittedBytes === 0) return first
  const gap = `[${Math.ceil(omittedBytes / 1024)} kB are left out here; they are in ${path}]`
  return [first, gap, withoutTemplate(end)].filter((part) => part !== "").join("\n")
}

/** The text without comments; empty when only headings are left, as in an untouched memory. */
function withoutTemplate(text: string): string {
  // Only where one begins a line: a fact that has the signs in it must not hide what comes after it.
  const stripped = text.replaceAll(/^<!--[\s\S]*?-->/gm, "").trim()
  return stripped.split("\n").every((line) => line.trim() === "" || line.startsWith("#")) ? "" : stripped
}
