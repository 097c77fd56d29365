const quote = 0x22
const backslash = 0x5c

/**
 * The text of the value at `path` of a JSON text, as it stands there: parsing and writing it again
 * would round long numbers, and lose names that come twice and the order of those that look like
 * numbers. `json` must be valid. Null: there is no such value. Where a name comes twice the last
 * one counts, as it does for `JSON.parse`.
 */
export function rawValueAt(json: string, path: readonly string[]): string | null {
  let start = skipBlanks(json, 0)
  let end = endOfValue(json, start)
  for (const name of path) {
    const found = memberAt(json, start, name)
    if (found === null) return null
    start = found.start
    end = found.end
  }
  return json.slice(start, end)
}

interface Place {
  readonly start: number
  readonly end: number
}

function memberAt(json: string, object: number, name: string): Place | null {
  if (json[object] !== "{") return null
  let found: Place | null = null
  let position = skipBlanks(json, object + 1)
  while (json.charCodeAt(position) === quote) {
    const endOfName = endOfString(json, position)
    const isWanted = JSON.parse(json.slice(position, endOfName)) === name
    const start = skipBlanks(json, skipBlanks(json, endOfName) + 1)
    const end = endOfValue(json, start)
    if (isWanted) found = { start, end }
    // Behind the comma, or behind the object.
    position = skipBlanks(json, skipBlanks(json, end) + 1)
  }
  return found
}

function endOfValue(json: string, start: number): number {
  let depth = 0
  for (let position = start; position < json.length; position += 1) {
    switch (json[position]) {
      case '"':
        position = endOfString(json, position) - 1
        if (depth === 0) return position + 1
        break
      case "{":
      case "[":
        depth += 1
        break
      case "}":
      case "]":
        depth -= 1
        if (depth === 0) return position + 1
        if (depth < 0) return position
        break
      case ",":
      case " ":
      case "\t":
      case "\n":
      case "\r":
        if (depth === 0) return position
        break
    }
  }
  return json.length
}

function endOfString(json: string, start: number): number {
  for (let position = start + 1; position < json.length; position += 1) {
    const code = json.charCodeAt(position)
    if (code === backslash) position += 1
    else if (code === quote) return position + 1
  }
  return json.length
}

function skipBlanks(json: string, start: number): number {
  let position = start
  while (" \t\n\r".includes(json[position] ?? "x")) position += 1
  return position
}
