import { homedir } from "node:os"
import { escapeControls } from "../../domain/visible-controls.ts"

/** An agent repeats what it has read: no control sequence in it may reach the person's terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, "")
}

/** The same of a name: it stays in its line, and turns nothing around that stands beside it. */
export function printableName(text: string): string {
  return printable(text)
    .replaceAll(/[\n\t\u2028\u2029]+/g, " ")
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
}

/** Data: on stdout. The terminal obeys nothing of what is told in it. */
export function print(text: string): void {
  const shown = printable(text)
  process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`)
}

/** The result of a command as one JSON value. */
export function printJson(value: unknown): void {
  print(escapeControls(JSON.stringify(value, null, 2)))
}

/** Words for people: on stderr. The terminal obeys nothing of them. */
export function note(text: string): void {
  process.stderr.write(`${printable(text)}\n`)
}

/** Colours only for a person's eyes, and not against their wish (no-color.org). */
export function hasColors(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb"
}

/** The path as people write it. */
export function shortPath(path: string): string {
  const home = homedir()
  return path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}
