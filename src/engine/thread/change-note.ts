import { type FunctionTool, type MessageItem, textMessage } from "../../domain/items.ts"

/** What a native thread was opened with, or what holds for a turn. */
export interface ThreadTerms {
  /** The client's; null: none. */
  readonly instructions: string | null
  readonly tools: readonly FunctionTool[]
}

/**
 * What an agent is told in a thread that was opened with something else than what holds now; null:
 * the same. It stands for itself: whatever notes came before it are void, so that it can be told
 * twice, or again behind a summary that left it out. `tools` of `now` are among those of `opened`,
 * or were changed without a word.
 */
export function changeNote(opened: ThreadTerms, now: ThreadTerms): string | null {
  const parts = [instructionsNote(opened.instructions, now.instructions), toolsNote(opened.tools, now.tools)]
  const changed = parts.filter((part) => part !== null)
  return changed.length === 0 ? null : [heading, ...changed].join("\n\n")
}

/** Takes all notes of before back. */
export const openingHolds =
  "Your instructions and functions are again exactly those that you had at the beginning of this conversation. " +
  "Later notes about them do not hold any more."

export function noteMessage(text: string): MessageItem {
  return textMessage("change", "developer", text)
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

/** A stretch of a text in which another one differs from it; either may be empty. */
interface ChangedPart {
  readonly before: string
  readonly now: string
}

/** With more differing sentences in both texts, the stretch between the same ends is one. */
const maxSentences = 600

/**
 * Where two texts differ, by lines and sentences, so that a clock in a page of text is one
 * sentence. What is the same between two differences and has no word in it belongs to them.
 */
export function changedParts(before: string, now: string): readonly ChangedPart[] {
  const a = sentences(before)
  const b = sentences(now)
  const start = a.findIndex((sentence, index) => sentence !== b[index])
  if (start === -1) return a.length === b.length ? [] : [{ before: "", now: b.slice(a.length).join("") }]
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1
  return partsBetween(a.slice(start, a.length - end), b.slice(start, b.length - end))
}

function sentences(text: string): readonly string[] {
  return text.split(/(?<=\n|[.!?;]\s)/)
}

function partsBetween(a: readonly string[], b: readonly string[]): readonly ChangedPart[] {
  if (a.length + b.length > maxSentences) return [{ before: a.join(""), now: b.join("") }]
  const common = commonLengths(a, b)
  const parts: ChangedPart[] = []
  let part = { before: "", now: "" }
  let [i, j] = [0, 0]
  const close = () => {
    if (part.before !== part.now) parts.push(part)
    part = { before: "", now: "" }
  }
  while (i < a.length || j < b.length) {
    const [one = "", other = ""] = [a[i], b[j]]
    if (i < a.length && j < b.length && one === other) {
      if (/[\p{L}\p{N}]/u.test(one)) close()
      else part = { before: part.before + one, now: part.now + other }
      i += 1
      j += 1
    } else if (j >= b.length || (i < a.length && lengthAt(common, i + 1, j) >= lengthAt(common, i, j + 1))) {
      part.before += one
      i += 1
    } else {
      part.now += other
      j += 1
    }
  }
  close()
  return parts
}

/** Of the longest common subsequence of what follows each pair of places. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly (readonly number[])[] {
  const lengths: number[][] = Array.from({ length: a.length + 1 }, () => Array(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = lengths[i] ?? []
      row[j] =
        a[i] === b[j]
          ? lengthAt(lengths, i + 1, j + 1) + 1
          : Math.max(lengthAt(lengths, i + 1, j), lengthAt(lengths, i, j + 1))
    }
  }
  return lengths
}

function lengthAt(lengths: readonly (readonly number[])[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0
}
