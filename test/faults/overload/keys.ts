/** Keys of so many callers, by their names. */
export function keysOf(count: number): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`caller-${index + 1}`, keyOf(index)]),
  )
}

/** Of caller number `index`, from 0. */
export function keyOf(index: number): string {
  return `key-of-caller-${index + 1}-${"x".repeat(16)}`
}
