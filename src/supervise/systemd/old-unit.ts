import { readdir, readFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { parseEnvironmentFile } from "../../config/environment-file.ts"
import { homeVariable, settings } from "../../config/settings.ts"
import { createAtomic } from "../../disk/write-atomic.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"

/** What a unit says that release 0.2.0 of this program, a package of Python, has written. */
export interface OldUnit {
  /** Whose service it is; null: root's. */
  readonly user: string | null
  /** Its variables, `HOME` and `PATH` too, and its arguments as the variables of today. */
  readonly environment: Readonly<Record<string, string>>
  /** Clients know it; it is kept in the file of the secrets. Null: it served without one. */
  readonly apiKey: string | null
}

/** Its flags, by the settings that they are now. The others have no meaning any more. */
const flags: Readonly<Record<string, string>> = {
  "--api-host": settings.host.variable,
  "--api-port": settings.port.variable,
  "--cli": settings.cli.variable,
  "--base-dir": homeVariable,
}

/**
 * What was in force by it, as systemd and `env` read it. Null: that release has not written it.
 * `readFile` is for files of variables that a person has named in it, null where there is no such
 * file; without it they are passed over. Throws `ConfigError` for one that cannot be read.
 */
export function parseOldUnit(text: string, readFile?: (path: string) => string | null): OldUnit | null {
  const lines = linesOf(text)
  const start = valuesOf(lines, "ExecStart").at(-1) ?? ""
  if (!/\bai_agent_proxy(?:\.cli)?["']?\s+daemon\b/.test(start)) return null
  const inUnit = Object.assign({}, ...valuesOf(lines, "Environment").map(variablesOf))
  const files = valuesOf(lines, "EnvironmentFile").map((path) => path.replace(/^-/, ""))
  const inFiles = Object.assign(
    {},
    ...files.map((path) => parseEnvironmentFile(path, readFile?.(path) ?? "")),
  )
  const given: Record<string, string> = { ...inUnit, ...inFiles }
  const words = wordsOf(start).map((word) => expanded(word, given))
  const environment = withoutEmpty(variablesBehindEnv(words, given))
  const { [settings.apiKey.variable]: apiKey = null, ...rest } = environment
  const home = rest.HOME === undefined ? {} : { [homeVariable]: `${rest.HOME}/.ai_agent_proxy` }
  return {
    user: valuesOf(lines, "User").at(-1) ?? null,
    environment: { ...home, ...rest, ...variablesOfFlags(words) },
    apiKey,
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

/** One that is empty takes back those in front of it. */
function valuesOf(lines: readonly string[], name: string): string[] {
  const values = lines
    .map((line) => line.split("="))
    .filter(([begin = ""]) => begin.trim() === name)
    .map(([, ...rest]) => rest.join("=").trim())
  return values.slice(values.lastIndexOf("") + 1)
}

/**
 * It wrote one variable a line, without quotes, also where the value has blanks. People may have
 * added others, with quotes, and several in a line: what systemd takes for variables, all of it, is
 * what was in force.
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
      .filter(([name]) => /^[A-Za-z_]\w*$/.test(name)),
  )
}

/** An empty one is as none; it has taken the place of one before. */
function withoutEmpty(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""))
}

/** Variables, dollar and percent signs in a word of a command, as systemd reads them in a unit. */
function expanded(word: string, variables: Readonly<Record<string, string>>): string {
  return withoutDoubledPercent(word).replaceAll(/\$\$|\$\{(\w+)\}/g, (_found, name?: string) =>
    name === undefined ? "$" : (variables[name] ?? ""),
  )
}

/** `/usr/bin/env NAME=VALUE program`: what it sets is in force, what it takes away is not. */
function variablesBehindEnv(
  [program = "", ...words]: readonly string[],
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  let variables = { ...given }
  if (!/^[-@:+!|]*(?:.*\/)?env$/.test(program)) return variables
  for (const [index, word] of words.entries()) {
    const isName = ["-u", "--unset"].includes(words[index - 1] ?? "")
    const unset = isName ? word : /^(?:-u|--unset=)(.+)$/.exec(word)?.[1]
    const [, name = "", value = ""] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? []
    if (["-", "-i", "--ignore-environment"].includes(word)) variables = {}
    else if (unset !== undefined) delete variables[unset]
    else if (name !== "") variables[name] = value
    else if (!word.startsWith("-")) break
  }
  return variables
}

/** A flag that stands there twice counts by its last place. */
function variablesOfFlags(words: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  words.forEach((word, index) => {
    const [flag = "", ...rest] = word.split("=")
    const variable = flags[flag]
    const value = rest.length > 0 ? rest.join("=") : words[index + 1]
    if (variable !== undefined && value !== undefined) found[variable] = value
  })
  return found
}

/** One without an end goes to the end of the line, so that a line is walked through once. */
const quoted = /"((?:[^"\\]|\\.?)*)("|$)|'([^']*)('|$)/g
const plainOrQuoted = new RegExp(`(?:${quoted.source}|[^\\s"'])+`, "g")

/** Words of a command line, quotes also around a part of one. A quote without an end is none. */
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

/** No service manager reads a file with this ending. A second one is `….from-0.2.0.2`. */
const ending = ".from-0.2.0"

/**
 * Paths of the units of release 0.2.0 in whose place ours has been put, each as it was; the last
 * one last. More than one: somebody has gone back to that release meanwhile.
 */
export async function keptUnits(definitionPath: string): Promise<readonly string[]> {
  return (await numbersOf(definitionPath)).map((number) => pathOf(definitionPath, number))
}

/** Keeps such a unit beside, for the way back; only its owner reads it: it may hold a key. */
export async function keepUnit(definitionPath: string, text: string): Promise<void> {
  const last = (await numbersOf(definitionPath)).at(-1) ?? 0
  // The same again: an earlier try was ended half-way, or it was put back and not changed.
  if (last > 0 && (await readFile(pathOf(definitionPath, last), "utf8").catch(() => null)) === text) return
  let number = last + 1
  while (!(await createAtomic(pathOf(definitionPath, number), text))) number += 1
}

async function numbersOf(definitionPath: string): Promise<readonly number[]> {
  const prefix = `${basename(definitionPath)}${ending}`
  const names = await readdir(dirname(definitionPath)).catch((error: unknown) => {
    if (systemCodeOf(error) === "") throw error
    return []
  })
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((rest) => rest === "" || /^\.[1-9]\d{0,5}$/.test(rest))
    .map((rest) => (rest === "" ? 1 : Number(rest.slice(1))))
    .toSorted((one, other) => one - other)
}

function pathOf(definitionPath: string, number: number): string {
  return join(
    dirname(definitionPath),
    `${basename(definitionPath)}${ending}${number === 1 ? "" : `.${number}`}`,
  )
}
