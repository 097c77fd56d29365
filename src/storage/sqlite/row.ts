import type { SQLOutputValue } from "node:sqlite"
import { ProxyError } from "../../domain/errors.ts"

/** A row as the driver gives it. */
export type Columns = Readonly<Record<string, SQLOutputValue>>

/**
 * A row with its columns checked as they are read. The file may have been edited or damaged: that
 * must name the record at fault instead of surfacing later as an unrelated TypeError.
 */
export class Row {
  readonly #columns: Columns
  readonly #what: string

  /** `what` names the record in errors, e.g. `turn turn_ab12`. */
  constructor(columns: Columns, what: string) {
    this.#columns = columns
    this.#what = what
  }

  text(column: string): string {
    const value = this.#columns[column]
    return typeof value === "string" ? value : this.#fail(column, "is not text")
  }

  textOrNull(column: string): string | null {
    return this.#columns[column] === null ? null : this.text(column)
  }

  integer(column: string): number {
    const value = this.#columns[column]
    return typeof value === "number" ? value : this.#fail(column, "is not a number")
  }

  integerOrNull(column: string): number | null {
    return this.#columns[column] === null ? null : this.integer(column)
  }

  flag(column: string): boolean {
    return this.integer(column) !== 0
  }

  oneOf<T extends string>(column: string, values: readonly T[]): T {
    const text = this.text(column)
    return values.find((value) => value === text) ?? this.#fail(column, `is not one of ${values.join(", ")}`)
  }

  /** Whatever it is. `parse`: for what may have numbers that are longer than JavaScript's. */
  json(column: string, parse: (text: string) => unknown = JSON.parse): unknown {
    try {
      return parse(this.text(column))
    } catch (error) {
      return this.#fail(column, "is not JSON", error)
    }
  }

  /** T is what this program stored; only the outer form is checked again. */
  jsonArray<T>(column: string, parse?: (text: string) => unknown): readonly T[] {
    const value = this.json(column, parse)
    return Array.isArray(value) ? (value as T[]) : this.#fail(column, "is not a JSON array")
  }

  /** As `jsonArray`. */
  jsonObject<T extends object>(column: string, parse?: (text: string) => unknown): T {
    const value = this.json(column, parse)
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return this.#fail(column, "is not a JSON object")
    }
    return value as T
  }

  jsonObjectOrNull<T extends object>(column: string): T | null {
    return this.#columns[column] === null ? null : this.jsonObject<T>(column)
  }

  #fail(column: string, problem: string, cause?: unknown): never {
    const message = `The ledger is damaged: column ${column} of ${this.#what} ${problem}.`
    throw new ProxyError("internal_error", message, { cause })
  }
}
