import { isExactNumber } from "./exact-numbers.ts"

/** Texts above this many characters are turned into JSON in pieces of that size. */
const pieceLength = 16 * 1024

/** True when JSON of `value` is better made in pieces: it holds a long text. */
export function isLongJson(value: unknown): boolean {
  if (typeof value === "string") return value.length > pieceLength
  if (typeof value !== "object" || value === null) return false
  if (Array.isArray(value)) return value.some(isLongJson)
  if (isExactNumber(value)) return false
  // Plain data: all names are its own.
  for (const name in value) if (isLongJson((value as Readonly<Record<string, unknown>>)[name])) return true
  return false
}

/**
 * What `JSON.stringify` says of plain data, in pieces that are made as they are asked for: of an
 * answer of a megabyte no second copy comes into being, however many events have it.
 */
export function* jsonPieces(value: unknown): Generator<string> {
  if (!isLongJson(value)) yield JSON.stringify(value) ?? "null"
  else if (typeof value === "string") yield* stringPieces(value)
  else if (Array.isArray(value)) yield* arrayPieces(value)
  else if (typeof value === "object" && value !== null) yield* objectPieces(value)
}

function* arrayPieces(values: readonly unknown[]): Generator<string> {
  let before = "["
  for (const value of values) {
    yield before
    yield* jsonPieces(value)
    before = ","
  }
  yield "]"
}

function* objectPieces(object: object): Generator<string> {
  let before = "{"
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue
    yield `${before}${JSON.stringify(name)}:`
    yield* jsonPieces(value)
    before = ","
  }
  yield "}"
}

function* stringPieces(text: string): Generator<string> {
  yield '"'
  for (const piece of textPieces(text, pieceLength)) yield JSON.stringify(piece).slice(1, -1)
  yield '"'
}

/** A text in pieces of about `length` UTF-16 units, of whole characters. */
export function* textPieces(text: string, length: number): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = wholeCharacters(text, Math.min(text.length, start + length))
    yield text.slice(start, end)
    start = end
  }
}

/** Halves of a character would be escaped one by one. */
function wholeCharacters(text: string, end: number): number {
  const last = text.charCodeAt(end - 1)
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end + 1 : end
}
