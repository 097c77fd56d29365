/** What is shorter may stand in a line of its own in any text. */
const minLineLength = 16

/** How far before a text the element is looked for that ends there. */
const maxTagLength = 200

/**
 * True where all of `text` is in `around`, and stands there by itself: between elements, or, if it is no mere word or two, on lines of
 * its own. So it is where a client had put a file's text around a message.
 */
export function isWithin(text: string, around: string): boolean {
  const inner = text.trim()
  if (inner === "") return false
  const outer = around.trim()
  const isLong = inner.length >= minLineLength
  return [outer.indexOf(inner), outer.lastIndexOf(inner)].some(
    (start) => start >= 0 && standsAlone(outer.slice(0, start), outer.slice(start + inner.length), isLong),
  )
}

function standsAlone(before: string, behind: string, isLong: boolean): boolean {
  const [front, rest] = [before.trimEnd(), behind.trimStart()]
  const isFree = front === "" || endsWithTag(front) || (isLong && before.slice(front.length).includes("\n"))
  if (!isFree) return false
  return rest === "" || /^<\/?[a-z]/i.test(rest) || (isLong && behind.slice(0, -rest.length).includes("\n"))
}

function endsWithTag(text: string): boolean {
  return /<\/?[a-z][^<>]*>$/i.test(text.slice(-maxTagLength))
}
