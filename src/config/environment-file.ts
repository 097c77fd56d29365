import { ConfigError } from "./config.ts"
import { nearestName } from "./nearest-name.ts"
import { settings, settingVariables } from "./settings.ts"

/**
 * Files of lines `NAME=value` in the syntax of systemd's `EnvironmentFile=` (systemd.exec(5)), so
 * that the service manager and this program read the same. It differs from a shell and from dotenv:
 * nothing is expanded, and a `#` begins a comment only at the beginning of a line. systemd passes
 * over what it cannot read; here that is an error, because what was meant by it may be a key.
 */

interface Assignment {
  readonly name: string
  readonly value: string
  /** Line of the file that it begins in, from 1. */
  readonly line: number
}

/** Later lines win, as for systemd. Throws `ConfigError` for what is no assignment or comment. */
export function parseEnvironmentFile(path: string, text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(readAssignments(path, text).map(({ name, value }) => [name, value]))
}

/** The same, each with its line; `path` is for messages, and values are never quoted in them. */
function readAssignments(path: string, text: string): readonly Assignment[] {
  const found: Assignment[] = []
  const refuse = (line: number, problem: string): never => {
    throw new ConfigError(`${path}:${line}`, null, `${problem} ${nextStep}`)
  }
  const nul = text.indexOf("\0")
  if (nul !== -1) refuse(lineAt(text, nul), "a NUL character: the file is damaged, or not UTF-8 text.")
  let at = 0
  while (at < text.length) {
    const rest = text.slice(at)
    const comment = /^[^\S\n]*(?:[#;][^\n]*)?(?:\n|$)/.exec(rest)
    if (comment !== null) {
      // At the end of the text the pattern also matches nothing at all.
      at += Math.max(1, comment[0].length)
      continue
    }
    const line = lineAt(text, at)
    const name = /^[^\S\n]*([A-Za-z_][A-Za-z0-9_]*)[^\S\n]*=/.exec(rest)
    if (name === null) return refuse(line, "not of the form NAME=value, and no comment.")
    const { value, length, isOpen } = readValue(rest.slice(name[0].length))
    if (isOpen) refuse(line, `the value of ${name[1]} does not end: the file was cut, or a quote is missing.`)
    found.push({ name: name[1] ?? "", value, line })
    at += name[0].length + length
  }
  return found
}

const nextStep = "Correct the line, or put the file back as it was; see docs/configuration.md."

/** Every value in double quotes: it is read back as it is, and a cut file is known as one. */
export function formatEnvironmentFile(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, "\\$&")}"\n`)
    .join("")
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length
}

interface ReadValue {
  readonly value: string
  /** How much of the text was read, the end of its line included. */
  readonly length: number
  /** True: the text ends within a quote, or behind a backslash. */
  readonly isOpen: boolean
}

/** The value at the beginning of `text`. */
function readValue(text: string): ReadValue {
  let value = ""
  /** Up to the last character that counts: spaces at the end of a line do not. */
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
  // Each of the two steps beyond the text where it misses its second half.
  return {
    value: value.slice(0, kept),
    length: Math.min(text.length, index + 1),
    isOpen: index > text.length,
  }
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

const keyVariable = settings.apiKey.variable
const ownPrefix = "AI_AGENT_PROXY_"

/**
 * The API key in `secrets`, with its line; null: the file is not there, or is whole and holds none
 * (comments, or variables of other programs). Whatever looks like damage throws `ConfigError`
 * instead: a key that was lost without a word would leave the service open. `text` null: there is
 * no file.
 */
export function keyInSecrets(path: string, text: string | null): Assignment | null {
  if (text === null) return null
  if (text.trim() === "") {
    throw new ConfigError(
      path,
      null,
      "is empty, as a full disk leaves a file. Put the key back " +
        `(${keyVariable}="..."), or remove the file to serve without a key.`,
    )
  }
  let key: Assignment | null = null
  for (const assignment of readAssignments(path, text)) {
    if (assignment.name === keyVariable) key = assignment
    else refuseMisspelt(path, assignment)
  }
  return key
}

/** A name of ours that does not exist, or one that can only be meant for the key's. */
function refuseMisspelt(path: string, { name, line }: Assignment): void {
  if (settingVariables.has(name)) return
  const isOurs = name.toUpperCase().startsWith(ownPrefix)
  const isTail = keyVariable.endsWith(`_${name.toUpperCase()}`)
  const isNear = nearestName(name, [keyVariable]) !== null && name.length > keyVariable.length / 2
  if (!isOurs && !isTail && !isNear) return
  const meant = isTail ? keyVariable : (nearestName(name, [keyVariable, ...settingVariables]) ?? keyVariable)
  throw new ConfigError(
    `${path}:${line}`,
    null,
    `unknown name ${name}; did you mean ${meant}? Correct it, or remove the line.`,
  )
}
