import { open, stat } from "node:fs/promises"

const maxBytes = 64 * 1024 * 1024

/** Where a turn begins in a rollout file: its size before the turn; 0 when there is none yet. */
export async function rolloutPosition(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch {
    // codex writes the file with the first turn.
    return 0
  }
}

/**
 * The raw items of one turn out of the thread's rollout file, for threads that codex sends no raw events for (it does so
 * only for those begun in the same process, not for resumed and forked ones). codex has written the file out before it
 * says that the turn is over. Anything unexpected gives fewer items, never an error: they are a better copy of what the
 * turn's own items tell already.
 */
export async function rolloutItems(file: string, from: number, turnId: string): Promise<readonly unknown[]> {
  let text: string
  try {
    text = await readFrom(file, from)
  } catch {
    // Deleted or not readable; see above.
    return []
  }
  const items: unknown[] = []
  let isOurs = false
  for (const line of text.split("\n")) {
    const { type, payload } = parsed(line)
    if (type === "event_msg" && payload.type === "task_started") isOurs = payload.turn_id === turnId
    else if (type === "response_item" && isOurs) items.push(payload)
  }
  return items
}

async function readFrom(file: string, from: number): Promise<string> {
  const handle = await open(file, "r")
  try {
    const length = Math.min((await handle.stat()).size - from, maxBytes)
    if (length <= 0) return ""
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from)
    return buffer.toString("utf8", 0, bytesRead)
  } finally {
    await handle.close()
  }
}

type Fields = Readonly<Record<string, unknown>>

function parsed(line: string): { readonly type: unknown; readonly payload: Fields } {
  try {
    const { type, payload } = fieldsOf(JSON.parse(line))
    return { type, payload: fieldsOf(payload) }
  } catch {
    // The last line is empty, or cut off by a death in the middle of a write.
    return { type: null, payload: {} }
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {}
}
