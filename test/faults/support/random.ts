/** A source of chance that a seed repeats. */
export interface Random {
  /** From 0 (included) to 1 (not included). */
  next(): number
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number
  pick<T>(values: readonly [T, ...T[]] | readonly T[]): T
  chance(probability: number): boolean
  /** Any bytes. */
  bytes(length: number): Buffer
}

/** mulberry32: small, fast, and good enough to choose requests and moments. */
export function seededRandom(seed: number, name = ""): Random {
  let state = seed >>> 0
  for (const character of name) state = (Math.imul(state, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    integer,
    pick: (values) => {
      const value = values[integer(0, values.length - 1)]
      if (value === undefined) throw new Error("there is nothing to pick from")
      return value
    },
    chance: (probability) => next() < probability,
    bytes: (length) => Buffer.from(Array.from({ length }, () => integer(0, 255))),
  }
}
