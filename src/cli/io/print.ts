/** For people, so on stderr. The terminal obeys nothing of it, whatever is told. */
export function printLine(text: string): void {
  process.stderr.write(`${printable(text)}\n`)
}

/** What was asked for, on stdout. The terminal obeys nothing of it either. */
export function printData(text: string): void {
  const shown = printable(text)
  process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`)
}

/** An agent repeats what it has read: no control sequence of a file or a page may reach the person's terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, "")
}

/** The same of a name, which is no line of its own, and turns nothing around that stands beside it. */
export function printableName(text: string): string {
  return printable(text)
    .replaceAll(/[\n\t\u2028\u2029]+/g, " ")
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
}
