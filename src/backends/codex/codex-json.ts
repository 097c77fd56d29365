import { isExactNumber } from "../../domain/exact-numbers.ts"
import type { Notification } from "./protocol.ts"

const maybeLong = /\d{19}/
const limit = 2 ** 63
const whole = /^-?\d+$/

/**
 * A message as codex reads it. Its reader refuses all of a message that has a whole number beyond
 * 64 bits, as the bounds of 64 bits are when JavaScript has rounded them: such a number is written
 * with an exponent, which means the same but for what a double has not. What is injected is texts,
 * of megabytes: it is not looked at.
 */
export function codexJson(message: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(message)
  return message.method !== "thread/inject_items" && maybeLong.test(text)
    ? JSON.stringify(message, withExponent)
    : text
}

function withExponent(_name: string, value: unknown): unknown {
  if (isExactNumber(value)) return isTooLong(value.rawJSON) ? exponential(Number(value.rawJSON)) : value
  return typeof value === "number" && Math.abs(value) >= limit ? exponential(value) : value
}

function isTooLong(text: string): boolean {
  return whole.test(text) && BigInt.asIntN(64, BigInt(text)) !== BigInt(text)
}

function exponential(value: number): unknown {
  return JSON.rawJSON(value.toExponential())
}

/** A piece of an answer up to its text; nothing in these ids is written otherwise in JSON. */
const beginning =
  /^\{"method":"item\/agentMessage\/delta","params":\{"threadId":"([\w.:-]*)","turnId":"([\w.:-]*)","itemId":"([\w.:-]*)","delta":"/
/** Behind the text: with a time, or as older ones end. */
const ending = /^"\}(?:,"emittedAtMs":\d{1,16})?\}$/
/** A text that is written as it is, and what stands behind it. */
const plainRest = /[^"\\\p{Cc}]*"\}(?:,"emittedAtMs":\d{1,16})?\}$/uy

interface Place {
  readonly threadId: string
  readonly turnId: string
  readonly itemId: string
}

/**
 * Reads the lines of deltas, of which a turn has hundreds, by what stands around their text: as
 * `JSON.parse` and `parseNotification` read them, at a quarter of the cost. Pieces that follow one
 * another mostly are of one message, which is known by all that stands before the text.
 */
export class DeltaLines {
  #before = ""
  #place: Place = { threadId: "", turnId: "", itemId: "" }

  /** Null for every line that does not look exactly so: those are for the general reader. */
  read(line: string): Notification | null {
    if (this.#before === "" || !line.startsWith(this.#before)) {
      const found = beginning.exec(line)
      if (found === null) return null
      const [before, threadId = "", turnId = "", itemId = ""] = found
      this.#before = before
      this.#place = { threadId, turnId, itemId }
    }
    const delta = textIn(line, this.#before.length)
    return delta === null ? null : { method: "item/agentMessage/delta", params: { ...this.#place, delta } }
  }
}

/** `start`: behind its quotation mark. Null: it is no text, or more stands behind it. */
function textIn(line: string, start: number): string | null {
  const end = line.lastIndexOf('"}')
  plainRest.lastIndex = start
  if (plainRest.test(line)) return line.slice(start, end)
  if (end < start || !ending.test(line.slice(end))) return null
  try {
    const text: unknown = JSON.parse(line.slice(start - 1, end + 1))
    return typeof text === "string" ? text : null
  } catch {
    return null
  }
}
