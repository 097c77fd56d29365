const esc = "\u001b"
/** Of a string that a terminal collects; none ends or begins one, so that the search is linear. */
const collected = "[^\u0007\u001b\u0080-\u009f]*"
const stringEnd = `(?:\u0007|${esc}\\\\|\u009c)`

/** What a terminal would obey and nobody reads. */
const sequences = new RegExp(
  [
    // Titles, links, clipboard; device, private and application strings.
    `(?:${esc}[\\]PX^_]|[\u0090\u0098\u009d-\u009f])${collected}${stringEnd}`,
    // Colours, movements, modes.
    `(?:${esc}\\[|\u009b)[0-?]*[ -/]*[@-~]`,
    // Two or three characters.
    `${esc}[ -/]*[0-~]`,
  ].join("|"),
  "g",
)

/** Left-over control characters, and those that turn the direction of what stands behind them. */
const controls = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069\ufeff]/gu

/**
 * What an agent's CLI printed, fit for terminals, pages and logs: without terminal sequences and
 * control characters. The one place where such words are taken in; lines and tabs stay.
 */
export function printedText(text: string): string {
  return text.replaceAll(sequences, "").replaceAll(controls, "").toWellFormed()
}

/** The same in one short line: a version, for example. */
export function printedLine(text: string, maxLength = 80): string {
  return printedText(text).replaceAll(/\s+/g, " ").trim().slice(0, maxLength).toWellFormed()
}
