const quote = 0x22
const backslash = 0x5c

/**
 * True when objects and arrays are nested deeper than `limit`. One pass over the bytes without recursion, made before
 * `JSON.parse`, whose result would be walked recursively by others. Broken JSON gives any answer; the parser
 * refuses it afterwards.
 */
export function isDeeperThan(json: Uint8Array, limit: number): boolean {
  let depth = 0
  let position = 0
  while (position < json.length) {
    const byte = json[position]
    if (byte === quote) {
      position = endOfString(json, position + 1)
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1
      if (depth > limit) return true
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1
    }
    position += 1
  }
  return false
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
