/** How front ends mark who spoke, at the beginning of a line: `User: `, `USER:`, `# USER`, `**Human**:`. */
const userMark = /^(?:[#*[ ]{0,4})(?:user|human)(?:[\]*]{0,3}:|[\]*]{0,3}[ \t]*$)/im
const agentMark = /^(?:[#*[ ]{0,4})(?:assistant|ai|model|bot)(?:[\]*]{0,3}:|[\]*]{0,3}[ \t]*$)/im

const diffMark = /^(?:diff --git |# Diffs?:|--- a\/|\+\+\+ b\/|@@ -\d)/m

const historyEnd = "</chat_history>"

/** A conversation between the tags that Open WebUI's templates have it in: what stands in front of it and behind. */
export function quotedHistory(text: string): { readonly before: string; readonly after: string } | null {
  const begin = text.lastIndexOf("<chat_history>")
  const end = text.lastIndexOf(historyEnd)
  if (begin < 0 || end < begin) return null
  return { before: text.slice(0, begin), after: text.slice(end + historyEnd.length).trim() }
}

/** What stands in front of a conversation of two, told line by line with who spoke; null: there is none. */
export function beforeConversation(text: string): string | null {
  const start = userMark.exec(text)
  if (start === null || !agentMark.test(text.slice(start.index))) return null
  return text.slice(0, start.index).trim()
}

/** What stands in front of the changes of files, as git tells them, and of a conversation before these; null: there are none. */
export function beforeDiff(text: string): string | null {
  const start = diffMark.exec(text)
  if (start === null) return null
  const before = text.slice(0, start.index)
  return before.slice(0, userMark.exec(before)?.index).trim()
}

/** The last paragraph, where it is in words of its own: neither a line of a diff nor marked with who speaks. */
export function lastWords(text: string): string {
  const paragraph = text.slice(text.lastIndexOf("\n\n") + 2)
  return text.includes("\n\n") && /^[\p{L}]/u.test(paragraph) && !/^(?:\w+:|diff --git)/.test(paragraph)
    ? paragraph
    : ""
}
