/**
 * Files of lines `NAME=value` in the syntax of systemd's `EnvironmentFile=` (systemd.exec(5)), so that the service manager
 * and this program read the same. It differs from a shell and from dotenv: nothing is expanded, and a `#` begins a comment
 * only at the beginning of a line.
 */

/** Later lines win, as for systemd. Lines that are no assignment are passed over. */
export function parseEnvironmentFile(text: string): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {}
  let rest = text
  while (rest !== "") {
    const comment = /^[^\S\n]*(?:[#;][^\n]*)?(?:\n|$)/.exec(rest)
    if (comment !== null) {
      // At the end of the text the pattern also matches nothing at all.
      rest = rest.slice(Math.max(1, comment[0].length))
      continue
    }
    const name = /^[^\S\n]*([A-Za-z_][A-Za-z0-9_]*)[^\S\n]*=/.exec(rest)
    if (name === null) {
      rest = rest.slice(lineLength(rest))
      continue
    }
    const { value, length } = readValue(rest.slice(name[0].length))
    variables[name[1] ?? ""] = value
    rest = rest.slice(name[0].length + length)
  }
  return variables
}

/** Every value in double quotes, so that whatever it holds is read back as it is. */
export function formatEnvironmentFile(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, "\\$&")}"\n`)
    .join("")
}

function lineLength(text: string): number {
  const end = text.indexOf("\n")
  return end === -1 ? text.length : end + 1
}

/** The value at the beginning of `text`, and how much of it was read, the end of its line included. */
function readValue(text: string): { readonly value: string; readonly length: number } {
  let value = ""
  /** Length of the value up to its last character that counts: spaces at the end of a line do not. */
  let kept = 0
  let index = 0
  const take = (part: string): void => {
    value += part
    kept = value.length
  }
  for (; index < text.length && text[index] !== "\n"; index += 1) {
    const char = text.charAt(index)
    if (char === "\\") {
      index += 1
      // A line that ends with a backslash goes on in the next one.
      if (index < text.length && text[index] !== "\n") take(text.charAt(index))
    } else if (kept === 0 && (char === '"' || char === "'")) {
      const end = endOfQuote(text, index)
      take(unquote(text.slice(index + 1, end), char))
      index = end
    } else if (/\s/.test(char)) {
      if (kept > 0) value += char
    } else {
      take(char)
    }
  }
  return { value: value.slice(0, kept), length: Math.min(text.length, index + 1) }
}

/** Index of the quote that closes the one at `start`; the end of the text where none does. */
function endOfQuote(text: string, start: number): number {
  const quote = text[start]
  for (let index = start + 1; index < text.length; index += 1) {
    if (quote === '"' && text[index] === "\\") index += 1
    else if (text[index] === quote) return index
  }
  return text.length
}

function unquote(text: string, quote: string): string {
  if (quote === "'") return text
  return text.replaceAll(/\\(["\\`$\n])/g, (_, char: string) => (char === "\n" ? "" : char))
}
