/** A session cannot get at its model for now. */
export interface Trouble {
  readonly sessionId: string
  /** In words for the person. */
  readonly message: string
  /** In the words of the model server, or of the way to it. */
  readonly reason: string
}

/**
 * opencode asks a model server that answers 429 or 5xx five more times, after pauses that grow, or as long as the server
 * wants it to wait, which may be hours. The protocol does not tell so, its log does:
 * `level=ERROR message="stream error" session.id=ses_1 small=false error.error="AI_APICallError: Rate limit reached"`
 */
export function openCodeTrouble(line: string): Trouble | null {
  // `small`: the model for titles, which is no part of the turn.
  if (fieldOf(line, "message") !== "stream error" || fieldOf(line, "small") === "true") return null
  const sessionId = fieldOf(line, "session.id")
  if (sessionId === null) return null
  const reason = (fieldOf(line, "error.error") ?? "no reason told").replace(/^\w*Error: /, "")
  const message = `opencode cannot get at its model (${reason.slice(0, 160)}) and tries again`
  return { sessionId, message, reason }
}

function fieldOf(line: string, name: string): string | null {
  const match = new RegExp(`(?:^|\\s)${name.replaceAll(".", "\\.")}=("(?:[^"\\\\]|\\\\.)*"|\\S+)`).exec(line)
  const value = match?.[1]
  if (value === undefined) return null
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value
}
