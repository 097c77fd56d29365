import type { FunctionTool } from "../domain/backend.ts"
import type { MessageItem } from "../domain/items.ts"
import { changedParts } from "./changed-lines.ts"

/** What a native thread was opened with, or what holds for a turn. */
export interface Told {
  /** The client's; null: none. */
  readonly instructions: string | null
  readonly tools: readonly FunctionTool[]
}

/**
 * What an agent is told in a thread that was opened with something else than what holds now; null: the same. It stands for itself:
 * whatever notes came before it are void, so that it can be told twice, or again behind a summary that left it out.
 * `tools` of `now` are among those of `opened`, or were changed without a word.
 */
export function changeNote(opened: Told, now: Told): string | null {
  const parts = [instructionsNote(opened.instructions, now.instructions), toolsNote(opened.tools, now.tools)]
  const told = parts.filter((part) => part !== null)
  return told.length === 0 ? null : [heading, ...told].join("\n\n")
}

/** Takes all notes of before back. */
export const openingHolds =
  "Your instructions and functions are again exactly those that you had at the beginning of this conversation. " +
  "Later notes about them do not hold any more."

export function noteMessage(text: string): MessageItem {
  return {
    type: "message",
    id: "change",
    role: "developer",
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}

const heading =
  "Since the beginning of this conversation, this has changed for you (earlier notes of this kind do not hold any more):"

function instructionsNote(opened: string | null, now: string | null): string | null {
  if (opened === now) return null
  if (now === null)
    return "The user's instructions of the beginning do not hold any more; there are none now."
  const whole =
    "These instructions hold from now on, in place of those that you had from the user at the beginning"
  if (opened === null) return `These instructions hold from now on:\n\n${now}`
  const parts = changedParts(opened, now)
  const changes = parts.map(partNote).join("\n")
  return changes.length < now.length / 2
    ? `Your instructions hold as they are but for these places, which read otherwise now:\n\n${changes}`
    : `${whole}:\n\n${now}`
}

function partNote({ before, now }: { readonly before: string; readonly now: string }): string {
  const [old, current] = [before.trim(), now.trim()]
  if (old === "") return `New:\n<now>\n${current}\n</now>`
  if (current === "") return `Left out:\n<before>\n${old}\n</before>`
  return `<before>\n${old}\n</before>\n<now>\n${current}\n</now>`
}

function toolsNote(opened: readonly FunctionTool[], now: readonly FunctionTool[]): string | null {
  const names = new Set(now.map(({ name }) => name))
  const gone = opened.filter(({ name }) => !names.has(name)).map(({ name }) => name)
  return gone.length === 0 ? null : `These functions cannot be called now: ${gone.join(", ")}.`
}
