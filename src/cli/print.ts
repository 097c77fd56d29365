/** For people, so on stderr. */
export function printLine(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** What was asked for, on stdout. */
export function printData(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`)
}
