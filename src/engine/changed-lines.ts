/** A stretch of a text in which another one differs from it; either may be empty. */
export interface ChangedPart {
  readonly before: string
  readonly now: string
}

/** Above so many sentences in both texts that are not the same at their ends, the stretch between is one. */
const maxSentences = 600

/**
 * Where two texts differ, by lines and sentences, so that a clock in a page of text is one sentence. What is the same between two
 * differences and has no word in it belongs to them.
 */
export function changedParts(before: string, now: string): readonly ChangedPart[] {
  const a = sentences(before)
  const b = sentences(now)
  const start = a.findIndex((sentence, index) => sentence !== b[index])
  if (start === -1) return a.length === b.length ? [] : [{ before: "", now: b.slice(a.length).join("") }]
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1
  return partsBetween(a.slice(start, a.length - end), b.slice(start, b.length - end))
}

function sentences(text: string): readonly string[] {
  return text.split(/(?<=\n|[.!?;]\s)/)
}

function partsBetween(a: readonly string[], b: readonly string[]): readonly ChangedPart[] {
  if (a.length + b.length > maxSentences) return [{ before: a.join(""), now: b.join("") }]
  const common = commonLengths(a, b)
  const parts: ChangedPart[] = []
  let part = { before: "", now: "" }
  let [i, j] = [0, 0]
  const close = () => {
    if (part.before !== part.now) parts.push(part)
    part = { before: "", now: "" }
  }
  while (i < a.length || j < b.length) {
    const [one = "", other = ""] = [a[i], b[j]]
    if (i < a.length && j < b.length && one === other) {
      if (/[\p{L}\p{N}]/u.test(one)) close()
      else part = { before: part.before + one, now: part.now + other }
      i += 1
      j += 1
    } else if (j >= b.length || (i < a.length && lengthAt(common, i + 1, j) >= lengthAt(common, i, j + 1))) {
      part.before += one
      i += 1
    } else {
      part.now += other
      j += 1
    }
  }
  close()
  return parts
}

/** Of the longest common subsequence of what follows each pair of places. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly (readonly number[])[] {
  const lengths: number[][] = Array.from({ length: a.length + 1 }, () => Array(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = lengths[i] ?? []
      row[j] =
        a[i] === b[j]
          ? lengthAt(lengths, i + 1, j + 1) + 1
          : Math.max(lengthAt(lengths, i + 1, j), lengthAt(lengths, i, j + 1))
    }
  }
  return lengths
}

function lengthAt(lengths: readonly (readonly number[])[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0
}
