import { isAbsolute, join, resolve } from "node:path"
import { knownClis } from "../domain/agent-clis.ts"
import { type CliCommand, cliCommandsOf } from "./cli-commands.ts"
import type { Config, Limits } from "./config.ts"
import { ConfigError } from "./config.ts"
import { type ConfigFile, parseConfigFile } from "./config-file.ts"
import { keyInSecrets } from "./environment-file.ts"
import { homeVariable, limitSettings, ownerPrincipal, type Setting, settings } from "./settings.ts"

/** Values as the command line gives them: texts, not checked. */
interface ConfigFlags {
  readonly home?: string | undefined
  readonly host?: string | undefined
  readonly port?: string | undefined
  readonly apiKey?: string | undefined
  readonly cli?: string | undefined
  readonly model?: string | undefined
  readonly sessions?: string | undefined
  readonly workingDir?: string | undefined
  /** Names, separated by commas. */
  readonly passEnv?: string | undefined
}

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

const defaultLimits: Limits = {
  connections: 4096,
  bodyBytes: 16 * 1024 * 1024,
  bodiesBytes: 64 * 1024 * 1024,
  jsonDepth: 100,
  fileBytes: 64 * 1024 * 1024,
  fileTotalBytes: 1024 * 1024 * 1024,
  unreadBytes: 64 * 1024 * 1024,
  unreadMs: 10 * 60_000,
  turnsPerAgent: 256,
  turnsTotal: 512,
  loadedThreads: 24,
  threadIdleMs: 10 * 60_000,
  turnMs: 2 * 60 * 60_000,
  silenceMs: 10 * 60_000,
  reconnectMs: 90_000,
  parkMs: 10 * 60_000,
  teamDepth: 3,
  teamTasks: 16,
  teamAgents: 16,
  teamWaitMs: 10 * 60_000,
  disconnectGraceMs: 500,
  repeatGraceMs: 10_000,
  drainMs: 10_000,
  keepAliveMs: 15_000,
  retentionDays: 90,
}

/** A value and where it was found. */
interface Found<T> {
  readonly value: T
  readonly source: string
}

/**
 * Resolves the configuration: flags, then environment, then `secrets` (the API key only), then `config.toml`, then
 * defaults. Pure but for the injected reader. Throws `ConfigError` at the first problem.
 */
export function resolveConfig(input: ConfigInput): Config {
  const home = resolveHome(input)
  const file = parseConfigFile(join(home, "config.toml"), input.readFile(join(home, "config.toml")))
  const find = <T>(setting: Setting<T>, flag?: string) => findValue(input, file, setting, flag)
  const { flags } = input

  const cli = find(settings.cli, flags.cli)
  const cliCommands = cli === null ? knownClis.map(bareCommand) : commandsOf(input, cli)
  const workingDir = find(settings.workingDir, flags.workingDir)
  return Object.freeze({
    home,
    host: find(settings.host, flags.host)?.value ?? "127.0.0.1",
    port: find(settings.port, flags.port)?.value ?? 7011,
    apiKeys: findApiKeys(input, file, home),
    cli: cliCommands[0]?.program ?? "",
    cliCommands: Object.freeze(cliCommands),
    workingDirectory:
      workingDir === null
        ? join(input.homeDir, ".openclaw", "workspace")
        : pathOf(input, workingDir, settings.workingDir.key),
    passEnv: Object.freeze([...new Set(find(settings.passEnv, flags.passEnv)?.value ?? [])]),
    sessions: find(settings.sessions, flags.sessions)?.value ?? "separate",
    unknownModel: find(settings.unknownModel)?.value ?? "manager",
    sessionHeaders: Object.freeze([
      ...new Set(find(settings.sessionHeaders)?.value ?? ["x-session-id", "x-openwebui-chat-id"]),
    ]),
    trustedProxies: Object.freeze([...new Set(find(settings.trustedProxies)?.value ?? [])]),
    fetchUrls: find(settings.fetchUrls)?.value ?? true,
    looseBodies: find(settings.looseBodies)?.value ?? true,
    tellMetadata: find(settings.tellMetadata)?.value ?? null,
    ledgerDurability: find(settings.ledgerDurability)?.value ?? "normal",
    model: find(settings.model, flags.model)?.value ?? null,
    limits: findLimits(find),
  })
}

/** Where everything is kept: `--home`, the variable, or the default. Absolute. Throws `ConfigError`. */
export function resolveHome(input: ConfigInput): string {
  const { flags, env, homeDir } = input
  if (flags.home !== undefined) return pathOf(input, { value: flags.home, source: "--home" }, "home")
  const value = env[homeVariable]
  if (value !== undefined && value.trim() !== "")
    return pathOf(input, { value, source: homeVariable }, "home")
  return join(homeDir, ".ai_agent_proxy")
}

function findLimits(find: (setting: Setting<number>) => Found<number> | null): Limits {
  const limits: Record<keyof Limits, number> = { ...defaultLimits }
  for (const name of Object.keys(limits) as (keyof Limits)[]) {
    limits[name] = find(limitSettings[name])?.value ?? defaultLimits[name]
  }
  return Object.freeze(limits)
}

function findValue<T>(
  input: ConfigInput,
  file: ConfigFile,
  setting: Setting<T>,
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

function parseText<T>(setting: Setting<T>, text: string, source: string): Found<T> {
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
  // Also where the key comes from elsewhere: systemd has put what it could read of a damaged file into the environment.
  const kept = secret === null ? null : parseText(apiKey, secret.value, `${path}:${secret.line}`).value
  if (input.flags.apiKey !== undefined) return parseText(apiKey, input.flags.apiKey, "--api-key").value
  const variable = input.env[apiKey.variable]
  return variable === undefined ? kept : parseText(apiKey, variable, apiKey.variable).value
}

function bareCommand(program: string): CliCommand {
  return { program, args: [] }
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

/** Absolute path. `~` is the user's home; relative to `cwd` only where a person typed it just now. */
function pathOf(input: ConfigInput, found: Found<string>, key: string): string {
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
