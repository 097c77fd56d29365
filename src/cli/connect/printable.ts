/** An agent repeats what it has read: no control sequence of a file or a page may reach the person's terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, "")
}
