/** As much of a text as is looked at. */
const maxLength = 20_000
const minShare = 0.6

/**
 * True where one text may well be the other as a client has changed it: a clock in it, a file's text around it. Numbers and
 * punctuation do not count; most of the shorter one's words are in the longer one.
 */
export function isAkin(one: string, other: string): boolean {
  const [shorter, longer] = [wordsOf(one), wordsOf(other)].toSorted((a, b) => a.length - b.length)
  if (shorter === undefined || longer === undefined || shorter.length === 0)
    return one.trim() === other.trim()
  const left = new Map<string, number>()
  for (const word of longer) left.set(word, (left.get(word) ?? 0) + 1)
  let shared = 0
  for (const word of shorter) {
    const count = left.get(word) ?? 0
    if (count === 0) continue
    left.set(word, count - 1)
    shared += 1
  }
  return shared >= shorter.length * minShare
}

function wordsOf(text: string): readonly string[] {
  return (
    text
      .slice(0, maxLength)
      .toLowerCase()
      .match(/\p{L}+/gu) ?? []
  )
}
