const quote = 0x22
const backslash = 0x5c
const slash = 0x2f

/** Shorter numbers are never rounded. */
const longDigits = 16

export interface JsonForm {
  /** Objects and arrays are nested deeper than the limit; nothing else is known then. */
  readonly isTooDeep: boolean
  /** There may be a number that JavaScript rounds: one of many digits, or with an exponent. */
  readonly hasLongNumber: boolean
}

/**
 * What is to be known of a JSON text before it is parsed. One pass over the bytes without recursion, made before
 * `JSON.parse`, whose result would be walked recursively by others. Broken JSON gives any answer; the parser
 * refuses it afterwards.
 */
export function formOf(json: Uint8Array, limit: number): JsonForm {
  let depth = 0
  let position = 0
  let digits = 0
  let hasLongNumber = false
  while (position < json.length) {
    const byte = json[position]
    if (byte === quote) {
      position = endOfString(json, position + 1)
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1
      if (depth > limit) return { isTooDeep: true, hasLongNumber }
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1
    } else if (byte !== undefined && byte >= 0x2e && byte <= 0x39 && byte !== slash) {
      // A digit or the point.
      digits += 1
      if (digits >= longDigits) hasLongNumber = true
      position += 1
      continue
    } else if (digits > 0 && (byte === 0x65 || byte === 0x45)) {
      hasLongNumber = true
    }
    digits = 0
    position += 1
  }
  return { isTooDeep: false, hasLongNumber }
}

/** Position of the closing quote. Jumps from quote to quote, so that images in base64 cost next to nothing. */
function endOfString(json: Uint8Array, start: number): number {
  let end = json.indexOf(quote, start)
  while (end !== -1) {
    let backslashes = 0
    while (end - backslashes > start && json[end - backslashes - 1] === backslash) backslashes += 1
    if (backslashes % 2 === 0) return end
    end = json.indexOf(quote, end + 1)
  }
  return json.length
}
