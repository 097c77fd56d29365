import { homeVariable, settings } from "../config/settings.ts"

/** What a unit says that release 0.2.0 of this program, a package of Python, has written. */
export interface OldUnit {
  /** Whose service it is; null: root's. */
  readonly user: string | null
  /** Variables of its environment, `HOME` and `PATH` with them, and its arguments as the variables that they are called now. */
  readonly environment: Readonly<Record<string, string>>
  /** Clients know it; it is kept in the file of the secrets. Null: it served without one. */
  readonly apiKey: string | null
}

/** Its flags, by the settings that they are now. What it had beside them has no meaning any more. */
const flags: Readonly<Record<string, string>> = {
  "--api-host": settings.host.variable,
  "--api-port": settings.port.variable,
  "--cli": settings.cli.variable,
  "--base-dir": homeVariable,
}

/** Null: that release has not written it. */
export function parseOldUnit(text: string): OldUnit | null {
  const lines = linesOf(text)
  const start = valuesOf(lines, "ExecStart").at(-1) ?? ""
  if (!/\bai_agent_proxy(?:\.cli)?["']?\s+daemon\b/.test(start)) return null
  const environment: Record<string, string> = {}
  for (const value of valuesOf(lines, "Environment")) Object.assign(environment, variablesOf(value))
  const { [settings.apiKey.variable]: apiKey, ...rest } = environment
  const home = rest.HOME === undefined ? {} : { [homeVariable]: `${rest.HOME}/.ai_agent_proxy` }
  return {
    user: valuesOf(lines, "User").at(-1) ?? null,
    environment: { ...home, ...rest, ...variablesOfFlags(wordsOf(start)) },
    apiKey: apiKey === undefined || apiKey === "" ? null : apiKey,
  }
}

/** A backslash at the end of a line goes on with the next one, past remarks. */
function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => !/^[#;]/.test(line))
    .join("\n")
    .replaceAll("\\\n", " ")
    .split("\n")
}

function valuesOf(lines: readonly string[], name: string): string[] {
  return lines
    .map((line) => line.split("="))
    .filter(([begin = ""]) => begin.trim() === name)
    .map(([, ...rest]) => rest.join("=").trim())
    .filter((value) => value !== "")
}

/**
 * It wrote one variable a line, without quotes, also where the value has blanks. People may have added others, with quotes, and several
 * in a line: what systemd takes for variables, all of it, is what was in force.
 */
function variablesOf(value: string): Record<string, string> {
  const words = wordsOf(value)
  const areVariables = words.every((word) => /^[A-Za-z_]\w*=/.test(word))
  const pairs = areVariables || /^["']/.test(value) ? words : [value]
  return Object.fromEntries(
    pairs
      .map((pair): [string, string] => {
        const [name = "", ...rest] = pair.split("=")
        return [name, withoutDoubledPercent(rest.join("="))]
      })
      .filter(([name, content]) => /^[A-Za-z_]\w*$/.test(name) && content !== ""),
  )
}

/** A flag that stands there twice counts by its last place. */
function variablesOfFlags(words: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  words.forEach((word, index) => {
    const [flag = "", ...rest] = word.split("=")
    const variable = flags[flag]
    const value = rest.length > 0 ? rest.join("=") : words[index + 1]
    if (variable !== undefined && value !== undefined) found[variable] = withoutDoubledPercent(value)
  })
  return found
}

/** One without an end goes to the end of the line, so that a line is walked through once. */
const quoted = /"((?:[^"\\]|\\.?)*)("|$)|'([^']*)('|$)/g
const plainOrQuoted = new RegExp(`(?:${quoted.source}|[^\\s"'])+`, "g")

/** Words of a command line, with or without quotes, also around a part of one. A quote without an end is none. */
function wordsOf(line: string): string[] {
  let isOpen = false
  const words = [...line.matchAll(plainOrQuoted)].map(([found]) =>
    found.replaceAll(quoted, (_part, double?: string, end?: string, single = "", singleEnd?: string) => {
      isOpen ||= (end ?? singleEnd) === ""
      return double?.replaceAll(/\\(.)/g, "$1") ?? single
    }),
  )
  return isOpen ? line.split(/\s+/) : words
}

/** In a unit, a percent sign is written twice. */
function withoutDoubledPercent(text: string): string {
  return text.replaceAll("%%", "%")
}
