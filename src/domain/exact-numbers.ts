declare global {
  /** https://tc39.es/proposal-json-parse-with-source/, which the compiler does not know yet. */
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown
    rawJSON(text: string): ExactNumber
    isRawJSON(value: unknown): value is ExactNumber
  }
}

/** A number that JavaScript would round, as it was written: `JSON.stringify` writes it so. */
export interface ExactNumber {
  readonly rawJSON: string
}

/** Whatever is rounded has so many digits, or an exponent of so many. */
const maybeRounded = /[\d.]{16}|\d[eE][+-]?\d{3}/
/** Below these a client's body has what is handed on: schemas, and arguments of calls. */
const handedOn: ReadonlySet<string> = new Set(["parameters", "schema", "output_schema", "arguments"])

/**
 * The value of a JSON text. Numbers that JavaScript would round are `ExactNumber`s. Plain
 * `JSON.parse` for a text that has no number of that length. Throws as that does.
 */
export function parseExact(text: string): unknown {
  // JSON.parse gives any.
  if (!maybeRounded.test(text)) return JSON.parse(text) as unknown
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && isRounded(source, value)
      ? JSON.rawJSON(source)
      : value,
  )
}

/** A client's body: exact in what is handed on, rounded where the service itself reads. */
export function parseBodyExact(text: string): unknown {
  return roundedOutside(parseExact(text))
}

/** True when the JSON text has a number that JavaScript rounds. */
export function hasRoundedNumbers(text: string): boolean {
  return maybeRounded.test(text) && hasExactNumbers(parseExact(text))
}

export function isExactNumber(value: unknown): value is ExactNumber {
  return typeof value === "object" && JSON.isRawJSON(value)
}

/** True when one is in plain data. */
export function hasExactNumbers(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false
  return JSON.isRawJSON(value) || Object.values(value).some(hasExactNumbers)
}

function roundedOutside(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value
  if (JSON.isRawJSON(value)) return Number(value.rawJSON)
  if (Array.isArray(value)) return value.map(roundedOutside)
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      handedOn.has(name) && !isExactNumber(inner) ? inner : roundedOutside(inner),
    ]),
  )
}

/** Whether JavaScript writes another number for the text. `1.0` and `1` are the same one. */
function isRounded(source: string, value: number): boolean {
  return !Number.isFinite(value) || digitsOf(source) !== digitsOf(String(value))
}

/** As digits without zeros around them, and a power of ten: always the same for a number. */
function digitsOf(text: string): string {
  const [, minus = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, "")
  const significant = digits.replace(/0+$/, "")
  if (significant === "") return "0"
  const power = Number(exponent) - fraction.length + (digits.length - significant.length)
  return `${minus}${significant}e${power}`
}
