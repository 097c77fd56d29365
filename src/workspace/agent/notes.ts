import { join } from "node:path"
import { inFolder } from "../../disk/held-folder.ts"
import { openToAppend } from "../../disk/own-file.ts"
import { ProxyError } from "../../domain/errors.ts"
import { storageFailed } from "../../domain/file-problem.ts"
import { appendText } from "./text-file.ts"

/** Of what was said and answered, in one line each: a note is a reminder, not a record. */
const maxExcerpt = 160
/** Beyond this the day has become too long for lines of ours; the agent's own go on. */
const maxNoteBytes = 128 * 1024

/** A finished turn, as far as a note tells of it. */
interface NotedTurn {
  readonly at: Date
  readonly asked: string
  readonly answered: string
  readonly status: string
}

/** A line for the note of a day, in local time. */
export interface NoteLine {
  readonly day: string
  readonly text: string
}

/** One line about a finished turn. */
export function noteLine(turn: NotedTurn): NoteLine {
  return { day: localDay(turn.at), text: lineOf(turn) }
}

/**
 * Adds lines to the notes of their days, each day in one write at the end of the file: the agent
 * may be writing there, too. Rejects with the first error, when the other days have theirs.
 */
export async function addNoteLines(workspace: string, lines: readonly NoteLine[]): Promise<void> {
  const days = [...Map.groupBy(lines, (line) => line.day)]
  const written = await Promise.allSettled(
    days.map(([day, ofDay]) =>
      addToNote(workspace, `daily-${day}.md`, ofDay.map(({ text }) => text).join("")),
    ),
  )
  const failed = written.find((one) => one.status === "rejected")
  if (failed !== undefined) throw failed.reason
}

function addToNote(root: string, name: string, text: string): Promise<void> {
  return inFolder({ root, folder: "notes", isMade: true }, async (folder) => {
    const file = await openToAppend(folder, name)
    try {
      if ((await file.stat()).size <= maxNoteBytes) await appendText(file, text)
    } finally {
      await file.close()
    }
  })
}

const serviceLine = /^- \d\d:\d\d asked: .*(?:\n|$)/gm

/**
 * The note without the service's lines: what the agent wrote down itself. What somebody asked
 * belongs to their own thread; put in front of everybody's, it would be the words of one user in
 * the answers to another.
 */
export function withoutServiceLines(note: string): string {
  return note.replaceAll(serviceLine, "")
}

function lineOf({ at, asked, answered, status }: NotedTurn): string {
  const time = `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`
  const answer = excerpt(answered)
  const end =
    status === "completed"
      ? answer === ""
        ? "done"
        : answer
      : `${status}${answer === "" ? "" : `: ${answer}`}`
  return `- ${time} asked: ${excerpt(asked)} → ${end}\n`
}

/** The beginning, in one line, without what looks like a key. */
function excerpt(text: string): string {
  const line = withoutSecrets(
    text
      .slice(0, 4 * maxExcerpt)
      .trim()
      .replaceAll(/\s+/g, " "),
  )
  if (line.length <= maxExcerpt) return line
  return `${line.slice(0, maxExcerpt - 1).replace(/[\uD800-\uDBFF]$/, "")}…`
}

/** People paste keys into chats; an agent may read its notes in any thread. */
function withoutSecrets(line: string): string {
  return line
    .replaceAll(/\b(?:sk|pk|gh[pousr]|glpat|xox[abprs]|AKIA)[-_]?[A-Za-z0-9_-]{16,}/g, "[secret]")
    .replaceAll(/\b(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{40,}\b/g, "[secret]")
    .replaceAll(/\b(password|passwd|secret|token|api[_-]?key)(\s*[:=]\s*)\S+/gi, "$1$2[secret]")
}

/** `YYYY-MM-DD` of the machine's own time zone. */
export function localDay(time: Date): string {
  const month = String(time.getMonth() + 1).padStart(2, "0")
  const day = String(time.getDate()).padStart(2, "0")
  return `${time.getFullYear()}-${month}-${day}`
}

/** Of one fact, in UTF-16 units: more belongs into a file of its own. */
export const maxFactLength = 2_000
/** Beyond this, somebody has to tidy up: new threads get only the beginning and the end. */
const maxMemoryBytes = 256 * 1024

/**
 * Adds one dated line to an agent's memory. It is written in one go at the end of the file, so that
 * nothing is lost of what the agent or its people write there at the same time. Rejects with
 * `ProxyError` for people and models to read.
 */
export async function appendMemory(workspace: string, fact: string, now: Date): Promise<void> {
  const text = fact.trim().replaceAll(/\s*\n\s*/g, " ")
  if (text === "") throw new ProxyError("invalid_request", "There is nothing to remember.")
  if (text.length > maxFactLength) {
    throw new ProxyError(
      "invalid_request",
      `A fact may have ${maxFactLength} characters at the most. Put the rest into a file and remember where it is.`,
    )
  }
  const path = join(workspace, "memory", "memory.md")
  try {
    const line = `- ${localDay(now)}: ${text}\n`
    await inFolder({ root: workspace, folder: "memory", isMade: true }, async (folder) => {
      const file = await openToAppend(folder, "memory.md")
      try {
        if ((await file.stat()).size + Buffer.byteLength(line) > maxMemoryBytes) {
          throw new ProxyError("invalid_request", `The memory is full. Tidy ${path} up, then try again.`)
        }
        await appendText(file, line)
      } finally {
        await file.close()
      }
    })
  } catch (error) {
    throw storageFailed(`${path} cannot be written`, error)
  }
}
