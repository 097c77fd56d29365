import { isAbsolute, join, resolve } from "node:path"
import { type CliCommand, cliCommandsOf } from "./cli-commands.ts"
import { type Config, ConfigError, type Limits } from "./config.ts"
import { type ConfigFile, parseConfigFile } from "./config-file.ts"
import { keyInSecrets } from "./environment-file.ts"
import { homeVariable, limitSettings, ownerPrincipal, type Setting, settings } from "./settings.ts"

type Flag = "home" | "host" | "port" | "apiKey" | "cli" | "model" | "sessions" | "workingDir" | "passEnv"

/** As the command line gives them: texts, not checked. Names of variables are parted by commas. */
type ConfigFlags = { readonly [Name in Flag]?: string | undefined }

export interface ConfigInput {
  readonly flags: ConfigFlags
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's home directory, absolute. */
  readonly homeDir: string
  /** Where relative paths of flags and variables begin; without it they are refused. */
  readonly cwd?: string
  /** The file's text; null when there is none. May throw `ConfigError`. */
  readonly readFile: (path: string) => string | null
}

/** As far as paths are concerned. */
type PathInput = Omit<ConfigInput, "readFile">

/** A value and where it was found. */
interface Found<T> {
  readonly value: T
  readonly source: string
}

/**
 * Resolves the configuration: flags, then environment, then `secrets` (the API key only), then
 * `config.toml`, then defaults. Pure but for the injected reader. Throws `ConfigError` at the first
 * problem.
 */
export function resolveConfig(input: ConfigInput): Config {
  const home = resolveHome(input)
  const file = parseConfigFile(join(home, "config.toml"), input.readFile(join(home, "config.toml")))
  const find = <T, Usual>(setting: Setting<T, Usual>, flag?: string): Found<T | Usual> =>
    findValue(input, file, setting, flag) ?? { value: setting.usual, source: "default" }
  const inForce = <T, Usual>(setting: Setting<T, Usual>, flag?: string) => find(setting, flag).value
  const listOf = (setting: Setting<string[], readonly string[]>, flag?: string) =>
    Object.freeze([...new Set(inForce(setting, flag))])
  const { flags } = input

  const cliCommands = commandsOf(input, find(settings.cli, flags.cli))
  const limits = Object.entries(limitSettings).map(([name, setting]) => [name, inForce(setting)])
  return Object.freeze({
    home,
    host: inForce(settings.host, flags.host),
    port: inForce(settings.port, flags.port),
    apiKeys: findApiKeys(input, file, home),
    cli: cliCommands[0]?.program ?? "",
    cliCommands: Object.freeze(cliCommands),
    workingDirectory: pathOf(input, find(settings.workingDir, flags.workingDir), settings.workingDir.key),
    passEnv: listOf(settings.passEnv, flags.passEnv),
    sessions: inForce(settings.sessions, flags.sessions),
    unknownModel: inForce(settings.unknownModel),
    sessionHeaders: listOf(settings.sessionHeaders),
    trustedProxies: listOf(settings.trustedProxies),
    fetchUrls: inForce(settings.fetchUrls),
    looseBodies: inForce(settings.looseBodies),
    tellMetadata: inForce(settings.tellMetadata),
    ledgerDurability: inForce(settings.ledgerDurability),
    model: inForce(settings.model, flags.model),
    // Made of a setting for each.
    limits: Object.freeze(Object.fromEntries(limits)) as Limits,
  })
}

/** Where everything is kept: `--home`, the variable, or the default. Throws `ConfigError`. */
export function resolveHome(input: PathInput): string {
  const { flags, env, homeDir } = input
  if (flags.home !== undefined) return pathOf(input, { value: flags.home, source: "--home" }, "home")
  const value = env[homeVariable]
  if (value !== undefined && value.trim() !== "")
    return pathOf(input, { value, source: homeVariable }, "home")
  return join(homeDir, ".ai_agent_proxy")
}

function findValue<T>(
  input: ConfigInput,
  file: ConfigFile,
  setting: Setting<T, unknown>,
  flag: string | undefined,
): Found<T> | null {
  if (flag !== undefined)
    return parseText(setting, flag, setting.flag ?? `--${setting.key.replace("_", "-")}`)
  const variable = input.env[setting.variable]
  // Compose files and shells easily set a variable to nothing; that means "not set".
  if (variable !== undefined && variable.trim() !== "") return parseText(setting, variable, setting.variable)
  const value = file.values.get(setting.key)
  // The file's schema has parsed this key with the very same `setting.schema`.
  return value === undefined ? null : { value: value as T, source: file.sourceOf(setting.key) }
}

function parseText<T>(setting: Setting<T, unknown>, text: string, source: string): Found<T> {
  const trimmed = text.trim()
  const parsed = setting.schema.safeParse(readText(setting.form, text, trimmed))
  if (parsed.success) return { value: parsed.data, source }
  const problem = parsed.error.issues[0]?.message ?? "is not valid"
  // Keys are secrets: everything else may be quoted.
  const quoted = setting.key === settings.apiKey.key ? "the key" : JSON.stringify(text)
  throw new ConfigError(source, setting.key, `${quoted} ${problem}`)
}

function readText(form: Setting<unknown>["form"], text: string, trimmed: string): unknown {
  switch (form) {
    case "text":
      return text
    case "integer":
      return /^[+-]?\d+$/.test(trimmed) && Number(trimmed)
    case "boolean":
      return trimmed === "true" || (trimmed === "false" ? false : trimmed)
    case "list":
      return trimmed.split(",").flatMap((part) => part.trim() || [])
    default:
      return form satisfies never
  }
}

function findApiKeys(input: ConfigInput, file: ConfigFile, home: string): ReadonlyMap<string, string> {
  const { apiKey } = settings
  const fileKey = file.values.get(apiKey.key)
  if (fileKey !== undefined && file.principals.has(ownerPrincipal)) {
    throw new ConfigError(
      file.sourceOf(apiKey.key),
      apiKey.key,
      `\`api_key\` and \`api_keys.${ownerPrincipal}\` are both the key of ${ownerPrincipal}; keep one of them`,
    )
  }
  const owner = findOwnerKey(input, home) ?? fileKey
  const keys = new Map(file.principals)
  if (typeof owner === "string") keys.set(ownerPrincipal, owner)

  const principals = new Map<string, string>()
  for (const [principal, key] of keys) {
    const other = principals.get(key)
    if (other !== undefined) {
      const at = `api_keys.${principal === ownerPrincipal ? other : principal}`
      throw new ConfigError(
        file.sourceOf(at),
        at,
        `${other} and ${principal} have the same key; each needs its own`,
      )
    }
    principals.set(key, principal)
  }
  return keys
}

/** Here an empty value is an error: it would open the service to everybody without a word. */
function findOwnerKey(input: ConfigInput, home: string): string | null {
  const { apiKey } = settings
  const path = join(home, "secrets")
  const secret = keyInSecrets(path, input.readFile(path))
  // Also where the key comes from elsewhere: systemd has put what it could read of a damaged file
  // into the environment.
  const kept = secret === null ? null : parseText(apiKey, secret.value, `${path}:${secret.line}`).value
  if (input.flags.apiKey !== undefined) return parseText(apiKey, input.flags.apiKey, "--api-key").value
  const variable = input.env[apiKey.variable]
  return variable === undefined ? kept : parseText(apiKey, variable, apiKey.variable).value
}

function commandsOf(input: ConfigInput, { value, source }: Found<string>): readonly CliCommand[] {
  try {
    // A bare name is looked up in PATH; a path must not depend on the folder that an agent runs in.
    return cliCommandsOf(value).map(({ program, args }) => ({
      program: program.includes("/") ? pathOf(input, { value: program, source }, settings.cli.key) : program,
      args,
    }))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ConfigError(source, settings.cli.key, `\`cli\` cannot be used: ${error.message}`, error)
  }
}

/** Absolute. `~` is the user's home; relative to `cwd` only where a person typed it just now. */
function pathOf(input: PathInput, found: Found<string>, key: string): string {
  const path = found.value.trim()
  if (path === "~" || path.startsWith("~/")) return resolve(input.homeDir, path.slice(2))
  if (isAbsolute(path)) return resolve(path)
  const isTyped = found.source.startsWith("-") || found.source.startsWith("AI_AGENT_PROXY_")
  if (path !== "" && isTyped && input.cwd !== undefined) return resolve(input.cwd, path)
  throw new ConfigError(
    found.source,
    key,
    `${JSON.stringify(found.value)} must be an absolute path, or begin with ~/`,
  )
}
