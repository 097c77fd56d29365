import type { Notification } from "./protocol.ts"

/** A piece of an answer, as codex writes it. */
const beginning = '{"method":"item/agentMessage/delta","params":{"threadId":"'
const beforeTurn = '","turnId":"'
const beforeItem = '","itemId":"'
const beforeDelta = '","delta":'
/** Behind the text: with a time, or as older ones end. */
const ending = /^\}(?:,"emittedAtMs":\d{1,16})?\}$/

/**
 * Reads the line of a delta, of which a turn has hundreds, by what stands around its text: as `JSON.parse` and
 * `parseNotification` read it, at a quarter of their cost. Null for every line that does not look exactly so: those are for them.
 */
export function readDeltaLine(line: string): Notification | null {
  if (!line.startsWith(beginning)) return null
  const threadEnd = line.indexOf('"', beginning.length)
  if (!line.startsWith(beforeTurn, threadEnd)) return null
  const turnStart = threadEnd + beforeTurn.length
  const turnEnd = line.indexOf('"', turnStart)
  if (!line.startsWith(beforeItem, turnEnd)) return null
  const itemStart = turnEnd + beforeItem.length
  const itemEnd = line.indexOf('"', itemStart)
  if (!line.startsWith(beforeDelta, itemEnd)) return null
  const deltaStart = itemEnd + beforeDelta.length
  const end = line.lastIndexOf('"}') + 1
  const threadId = line.slice(beginning.length, threadEnd)
  const turnId = line.slice(turnStart, turnEnd)
  const itemId = line.slice(itemStart, itemEnd)
  const delta =
    end > deltaStart && ending.test(line.slice(end)) ? readText(line.slice(deltaStart, end)) : null
  if (delta === null || !isPlain(threadId) || !isPlain(turnId) || !isPlain(itemId)) return null
  return { method: "item/agentMessage/delta", params: { threadId, turnId, itemId, delta } }
}

/** Null: it is not one text. */
function readText(json: string): string | null {
  try {
    const text: unknown = JSON.parse(json)
    return typeof text === "string" ? text : null
  } catch {
    return null
  }
}

/** Nothing in it is written otherwise in JSON. */
function isPlain(id: string): boolean {
  return /^[\w.:-]*$/.test(id)
}
