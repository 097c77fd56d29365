import type { Log } from "../../../domain/log.ts"
import { printedText } from "../../../domain/printed-text.ts"

/** How many places of a line are tried: a notice may have braces of its own. */
const maxTries = 16
/** How far into a line its object may begin. */
const maxNoiseLength = 64 * 1024

/** What a line says in JSON; undefined: nothing. See `objectBehindNoise`. */
export function valueOfLine(line: string, isBeginning: boolean): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // Programs print notices and warnings to stdout, too, or set the terminal's title.
    return objectBehindNoise(line, isBeginning)
  }
}

/** The fields of what may be anything; none of what is no object. */
export function fieldsIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {}
}

/**
 * The JSON object in a line that does not parse as it is; undefined: there is none. Terminal
 * sequences and what a line was overwritten by (everything up to a carriage return) are always
 * passed over. Words in front of the object are, too, where `isBeginning`: an update notice without
 * an end of its line. Later on a line of words that ends with an object is a remark which quotes a
 * message, and taking it in would make that message count twice.
 */
export function objectBehindNoise(line: string, isBeginning: boolean): object | undefined {
  // A JSON text has no raw control character, so nothing of it is lost.
  const shown = line.trimEnd().slice(line.trimEnd().lastIndexOf("\r") + 1)
  const text = printedText(shown).trim()
  const whole = parsedObject(text)
  if (whole !== undefined || !isBeginning) return whole
  let tries = 0
  for (
    let start = text.indexOf("{");
    start !== -1 && start < maxNoiseLength;
    start = text.indexOf("{", start + 1)
  ) {
    tries += 1
    if (tries > maxTries) return undefined
    const found = parsedObject(text.slice(start))
    if (found !== undefined) return found
  }
  return undefined
}

function parsedObject(text: string): object | undefined {
  if (!text.startsWith("{")) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Characters of what a program says beside its protocol that people are shown. */
export const maxPrintedLength = 600
/** So many of one process are logged: one that prints without end would fill the log. */
const maxLogged = 10
const maxLoggedLength = 200

/** What a program prints between the lines of its protocol: passed over, but not in silence. */
export class StrayLines {
  readonly #program: string
  readonly #log: Log
  #count = 0
  #text = ""

  constructor(program: string, log: Log) {
    this.#program = program
    this.#log = log
  }

  get count(): number {
    return this.#count
  }

  /** Their beginning, for people: an update notice, perhaps. */
  get text(): string {
    return this.#text
  }

  take(line: string): void {
    this.#count += 1
    if (this.#count > maxLogged && this.#text.length >= maxPrintedLength) return
    // No more of it than can be kept is looked at: it may be megabytes.
    const words = printedText(line.slice(0, 4 * maxPrintedLength)).trim()
    if (words === "") return
    if (this.#text.length < maxPrintedLength)
      this.#text = `${this.#text}${words}\n`.slice(0, maxPrintedLength)
    if (this.#count > maxLogged) return
    this.#log("info", `${this.#program} printed a line that is not of its protocol; it is passed over`, {
      line: words.slice(0, maxLoggedLength),
      ...(this.#count === maxLogged && { more: "of this process are not logged" }),
    })
  }

  /** What came was the beginning of something else than its end. */
  forget(): void {
    this.#text = ""
  }
}
