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
  const lines = text.split("\n").map((line) => line.trim())
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

function valuesOf(lines: readonly string[], name: string): string[] {
  return lines
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1).trim())
    .filter((value) => value !== "")
}

/** It wrote one variable a line, without quotes, also where the value has blanks. People may have added others, quoted. */
function variablesOf(value: string): Record<string, string> {
  const pairs = /^["']/.test(value) ? wordsOf(value) : [value]
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

/** Words of a command line, with or without quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double?.replaceAll(/\\(.)/g, "$1") ?? single ?? plain ?? "",
  )
}

/** In a unit, a percent sign is written twice. */
function withoutDoubledPercent(text: string): string {
  return text.replaceAll("%%", "%")
}
