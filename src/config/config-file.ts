import { parse, TomlError } from "smol-toml"
import { z } from "zod"
import { ConfigError } from "./config.ts"
import { nearestName } from "./nearest-name.ts"
import { limitSettings, principalKeys, settings } from "./settings.ts"

const allSettings = [...Object.values(settings), ...Object.values(limitSettings)]

/** `config.toml`, checked. Keys are those of the file: `limits.body_bytes`. */
export interface ConfigFile {
  readonly values: ReadonlyMap<string, unknown>
  /** `[api_keys]`: principal and key. */
  readonly principals: ReadonlyMap<string, string>
  /** `path:line` of a key. */
  sourceOf(key: string): string
}

/** The form of the file. Unknown keys are errors: a misspelt limit would be found out too late. */
const fileSchema = z.strictObject({
  ...shapeOf(""),
  models: z.strictObject(shapeOf("models.")).optional(),
  ledger: z.strictObject(shapeOf("ledger.")).optional(),
  agents: z.strictObject(shapeOf("agents.")).optional(),
  api_keys: principalKeys.optional(),
  limits: z.strictObject(shapeOf("limits.")).optional(),
})

/** Throws `ConfigError` for the first problem. `text` null: no file. */
export function parseConfigFile(path: string, text: string | null): ConfigFile {
  const content = text ?? ""
  if (text !== null && content.trim() === "") {
    throw new ConfigError(
      path,
      null,
      "is empty, as a full disk leaves a file. Put it back as it was, or remove it.",
    )
  }
  const sourceOf = (key: string) => atLine(path, lineOfKey(content, key))
  const parsed = fileSchema.safeParse(parseToml(path, content))
  if (!parsed.success) throw errorOf(parsed.error.issues, sourceOf)

  const values = new Map<string, unknown>()
  const { api_keys: principals, ...tables } = parsed.data
  for (const [name, value] of Object.entries<unknown>(tables)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [inner, innerValue] of Object.entries(value)) values.set(`${name}.${inner}`, innerValue)
    } else if (value !== undefined) {
      values.set(name, value)
    }
  }
  return { values, principals: new Map(Object.entries(principals ?? {})), sourceOf }
}

/** The keys directly below `prefix`, each optional. */
function shapeOf(prefix: string): Record<string, z.ZodType> {
  const shape: Record<string, z.ZodType> = {}
  for (const { key, schema } of allSettings) {
    const name = key.slice(prefix.length)
    if (key.startsWith(prefix) && !name.includes(".")) shape[name] = schema.optional()
  }
  return shape
}

function parseToml(path: string, text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [problem = ""] = error.message.replace("Invalid TOML document: ", "").split("\n")
    throw new ConfigError(atLine(path, error.line), null, `not valid TOML: ${problem}`, error)
  }
}

function errorOf(issues: readonly z.core.$ZodIssue[], sourceOf: (key: string) => string): ConfigError {
  const [issue] = issues
  const path = (issue?.path ?? []).filter((step) => typeof step === "string")
  if (issue?.code === "unrecognized_keys") {
    const key = [...path, issue.keys[0] ?? ""].join(".")
    return new ConfigError(sourceOf(key), key, `unknown key \`${key}\`${suggestionFor(key)}`)
  }
  const key = path.join(".")
  const problem = issue?.code === "invalid_key" ? issue.issues[0]?.message : issue?.message
  return new ConfigError(sourceOf(key), key, `\`${key}\` ${sentence(problem ?? "is not valid", issue)}`)
}

function suggestionFor(key: string): string {
  const known = [...allSettings.map((each) => each.key), "api_keys"]
  const last = key.split(".").at(-1) ?? key
  // A key in the wrong table is as common as a misspelt one.
  const sameName = known.find((each) => each.split(".").at(-1) === last)
  const near = sameName ?? nearestName(key, known) ?? nearestName(last, known)
  return near === null ? "; docs/configuration.md lists all keys" : `; did you mean \`${near}\`?`
}

/** zod's message of a wrong type ("Invalid input: expected string, ...") as part of a sentence. */
function sentence(problem: string, issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== "invalid_type" || !problem.startsWith("Invalid input: ")) return problem
  const isTable = issue.expected === "object" || issue.expected === "record"
  return `must be of type ${isTable ? "table" : issue.expected}`
}

function atLine(path: string, line: number | null): string {
  return line === null ? path : `${path}:${line}`
}

/**
 * Line of a key, from 1: the TOML parser does not tell it. Good enough for messages: keys written
 * as tables with plain names are found, others give null.
 */
function lineOfKey(text: string, key: string): number | null {
  const steps = key.split(".")
  let table = ""
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1]
    if (header !== undefined) {
      table = header
      if (table === key) return index + 1
      continue
    }
    const name = /^\s*["']?([^"'=]+?)["']?\s*=/.exec(line)?.[1]
    if (name === undefined) continue
    const path = table === "" ? name : `${table}.${name}`
    // The second case is an inline table: `limits = { body_bytes = 1 }`.
    if (path === key || (table === "" && steps.length > 1 && name === steps[0])) return index + 1
  }
  return null
}
