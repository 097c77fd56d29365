/** How front ends mark who spoke, at the beginning of a line: `User: `, `USER:`, `# USER`, `**Human**:`. */
const userMark = /^(?:[#*[ ]{0,4})(?:user|human)(?:[\]*]{0,3}:|[\]*]{0,3}[ \t]*$)/im
const agentMark = /^(?:[#*[ ]{0,4})(?:assistant|ai|model|bot)(?:[\]*]{0,3}:|[\]*]{0,3}[ \t]*$)/im

const diffMark = /^(?:diff --git |# Diffs?:|--- a\/|\+\+\+ b\/|@@ -\d)/m

const historyEnd = "</chat_history>"

/** What a message brings along for others to write about: a conversation, a diff. */
export interface QuotedText {
  /** What stands in front of it. */
  readonly before: string
  /** What stands behind it, which is none of it. */
  readonly after: string
}

/** A conversation between the tags that Open WebUI's templates have it in; whatever is behind is told. */
export function quotedHistory(text: string): QuotedText | null {
  const begin = text.lastIndexOf("<chat_history>")
  const end = text.lastIndexOf(historyEnd)
  if (begin < 0 || end < begin) return null
  return { before: text.slice(0, begin), after: text.slice(end + historyEnd.length).trim() }
}

/** A conversation of two, told line by line with who spoke, to the end of the text. */
export function quotedConversation(text: string): QuotedText | null {
  const start = userMark.exec(text)
  if (start === null) return null
  const rest = text.slice(start.index)
  if (!agentMark.test(rest)) return null
  return { before: text.slice(0, start.index), after: "" }
}

/** The changes of files, as git tells them. */
export function quotedDiff(text: string): QuotedText | null {
  const start = diffMark.exec(text)
  return start === null ? null : { before: text.slice(0, start.index), after: "" }
}
