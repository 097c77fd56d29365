import { join } from "node:path"
import type { AgentProfile } from "../domain/agents.ts"
import { withoutServiceLines } from "./daily-note.ts"
import { ExcerptCache } from "./excerpt-cache.ts"
import { localDay } from "./local-day.ts"

/** The digest is paid for in tokens by every new thread. */
const maxMemoryBytes = 4_096
const maxNotesBytes = 2_048

/** Two files an agent, and a note more a day. */
const excerpts = new ExcerptCache()

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
  const [memory, notes] = await Promise.all([
    // The most important stands first in the memory, the latest last in the notes.
    excerpts.read(memoryFile, maxMemoryBytes, "start"),
    excerpts.read(notesFile, maxNotesBytes, "end"),
  ])

  const parts = [
    `You are \`${profile.id}\` (role: ${profile.role}). Your workspace, with your memory and notes, is ${profile.workspace}.\n` +
      `Your working directory is ${profile.workingDirectory}: tasks are about this folder unless they say otherwise.`,
  ]
  const remembered = withoutTemplate(memory?.text ?? "")
  if (remembered !== "") {
    parts.push(section("Your memory", memoryFile, remembered, memory?.isCut === true ? "beginning" : null))
  }
  const noted = withoutServiceLines(notes?.text ?? "").trim()
  if (noted !== "") {
    parts.push(section("Your notes of today", notesFile, noted, notes?.isCut === true ? "end" : null))
  }
  return parts.join("\n\n")
}

function section(title: string, path: string, text: string, part: "beginning" | "end" | null): string {
  const which = part === null ? "" : `; only the ${part} is here, open the file for the rest`
  return `${title} (${path}${which}):\n${text}`
}

/** The text without comments; empty when only headings are left, as in an untouched memory. */
function withoutTemplate(text: string): string {
  // A comment that the cut left open goes to the end.
  const stripped = text.replaceAll(/<!--[\s\S]*?(?:-->|$)/g, "").trim()
  return stripped.split("\n").every((line) => line.trim() === "" || line.startsWith("#")) ? "" : stripped
}
