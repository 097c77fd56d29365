/** The known name that a misspelt one most likely means; null when none is close. */
export function nearestName(name: string, known: readonly string[]): string | null {
  let best: string | null = null
  // A third of the letters may be wrong: `prot` means `port`, `colour` does not mean `cli`.
  let bestDistance = Math.floor(name.length / 3) + 1.5
  for (const candidate of known) {
    const distance = nameDistance(name, candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** How many letters two names differ in, whatever their case and punctuation. */
export function nameDistance(one: string, other: string): number {
  return editDistance(plain(one), plain(other))
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "")
}

/** Insertions, deletions and replacements (Levenshtein); a swap of neighbours counts as one. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1]
      let cost = Math.min(
        (previous[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (isSame ? 0 : 1),
      )
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      }
      row.push(cost)
    }
    before = previous
    previous = row
  }
  return previous[b.length] ?? 0
}
