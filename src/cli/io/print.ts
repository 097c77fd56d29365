import { printable } from "./printable.ts"

/** For people, so on stderr. The terminal obeys nothing of it, whatever is told. */
export function printLine(text: string): void {
  process.stderr.write(`${printable(text)}\n`)
}

/** What was asked for, on stdout. The terminal obeys nothing of it either. */
export function printData(text: string): void {
  const shown = printable(text)
  process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`)
}
