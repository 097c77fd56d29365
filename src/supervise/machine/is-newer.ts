/** Whether a version (`1.2.3`) comes after another; a pre-release (`1.3.0-rc.1`) counts as what it leads to. */
export function isNewer(version: string, than: string): boolean {
  const [left, right] = [numbersOf(version), numbersOf(than)]
  for (const [index, number] of left.entries()) {
    const other = right[index] ?? 0
    if (number !== other) return number > other
  }
  return false
}

function numbersOf(version: string): readonly number[] {
  const [plain = ""] = version.split(/[-+]/)
  return plain.split(".").map((part) => Number.parseInt(part, 10) || 0)
}
