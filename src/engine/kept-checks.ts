import type { ValidateFunction } from "ajv"

/** Functions of several requests, of which one may have 128. The shortest schemas take some 10 kB each. */
const maxCount = 1000
/** UTF-16 units of schemas: compiled, they take about 25 times that. */
const maxText = 1024 * 1024

/** Compiled checks, as long as there is room for them; those that were not used for the longest time go first. */
export class KeptChecks {
  /** The most recently used last. */
  readonly #kept = new Map<string, { readonly check: ValidateFunction; readonly length: number }>()
  #text = 0

  find(key: string): ValidateFunction | null {
    const known = this.#kept.get(key)
    if (known === undefined) return null
    this.#kept.delete(key)
    this.#kept.set(key, known)
    return known.check
  }

  /** `length`: of the schema. `key` must not be kept yet. */
  keep(key: string, check: ValidateFunction, length: number): void {
    this.#kept.set(key, { check, length })
    this.#text += length
    for (const [oldest, { length: room }] of this.#kept) {
      if (this.#kept.size <= maxCount && this.#text <= maxText) break
      this.#kept.delete(oldest)
      this.#text -= room
    }
  }
}
