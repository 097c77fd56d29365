import { randomBytes } from "node:crypto"
import { cliCommandsOf } from "../config/cli-commands.ts"
import { type Config, isLoopback, version } from "../config/config.ts"
import { parseEnvironmentFile } from "../config/environment-file.ts"
import { type ConfigInput, resolveConfig } from "../config/resolve-config.ts"
import { homeVariable, ownerPrincipal, settings, settingVariables } from "../config/settings.ts"
import type { Installation } from "./machine/installation.ts"
import { captureEnvironment, joinedPath, pathWithAny } from "./machine/service-environment.ts"
import { environmentFileOf, type ServiceSpec } from "./machine/service-spec.ts"
import type { ServiceUser } from "./machine/service-user.ts"
import type { OldUnit } from "./systemd/old-unit.ts"

export interface ServicePlanInput extends Required<Pick<ConfigInput, "cwd" | "readFile">> {
  readonly user: ServiceUser
  /** What the person has in a terminal. */
  readonly source: NodeJS.ProcessEnv
  readonly flags: Pick<ConfigInput["flags"], "home" | "host" | "port" | "cli" | "apiKey">
  readonly isAuthOff: boolean
  readonly installation: Installation
  /** Home of the service that is installed now; null: none is. */
  readonly installedHome: string | null
  /** The unit of release 0.2.0 that the new one takes the place of; null: there is none. */
  readonly oldUnit?: OldUnit | null
}

export interface ServicePlan {
  readonly user: ServiceUser
  readonly spec: ServiceSpec
  /** All of `service.env`. */
  readonly environment: Readonly<Record<string, string>>
  /** As the service will resolve it. */
  readonly config: Config
  /** A key to be stored; null: whatever there is stays as it is. */
  readonly newKey: string | null
  /** What is still in force of the unit of release 0.2.0: `port 7055`. Not the key. */
  readonly keptOfOldUnit: readonly string[]
}

const ownPrefix = "AI_AGENT_PROXY_"
const keyVariable = settings.apiKey.variable

/**
 * What `enable` will write. Settings of an earlier `enable` stay unless they are given anew,
 * captured variables too: a second call may come from a poorer shell. Throws `ConfigError`.
 */
export function planService(input: ServicePlanInput): ServicePlan {
  const { user, source, flags, cwd, readFile, installation } = input
  const homeDir = user.homeDir
  const base = { cwd, homeDir, readFile }
  const old = input.oldUnit?.environment ?? {}
  const home = resolveConfig({
    ...base,
    flags: { home: flags.home },
    env: { [homeVariable]: source[homeVariable] ?? input.installedHome ?? old[homeVariable] },
  }).home
  const environmentFile = environmentFileOf(home)
  const stored = parseEnvironmentFile(environmentFile, readFile(environmentFile) ?? "")
  // A unit of that release which is in place now is what clients know: the file may be of a service
  // of ours from before somebody went back to it.
  const previous = { ...stored, ...old }
  const ownSettings = {
    ...ownVariables(previous),
    ...ownVariables(source),
    ...flagVariables(input),
    [homeVariable]: home,
  }
  const key = flags.apiKey ?? source[keyVariable]
  // As flags, so that a message names what was typed.
  const { host, port, cli } = flags
  const found = resolveConfig({ ...base, flags: { host, port, cli, apiKey: key }, env: ownSettings })
  const hasKey = found.apiKeys.size > 0
  const isMade = !hasKey && !isLoopback(found.host) && !input.isAuthOff
  // Clients have that of the old unit, whatever the address, and whatever is in `secrets`.
  const keyOfOldUnit = input.oldUnit?.apiKey ?? null
  const isKnown = keyOfOldUnit !== null && [...found.apiKeys.values()].includes(keyOfOldUnit)
  const oldKey = input.isAuthOff || isKnown ? null : keyOfOldUnit
  const newKey = key ?? oldKey ?? (isMade ? newApiKey() : null)
  const apiKeys = new Map(found.apiKeys)
  if (newKey !== null) apiKeys.set(ownerPrincipal, newKey)
  const config = { ...found, apiKeys }
  const isKeyKept = keyOfOldUnit !== null && [...apiKeys.values()].includes(keyOfOldUnit)
  const captured = captureEnvironment(source, user, config.passEnv)
  const paths = [captured.PATH, old.PATH, stored.PATH]
  return {
    user,
    environment: {
      ...foreignVariables(previous),
      ...captured,
      PATH: pathWithAny(config.cliCommands, paths, homeDir) ?? joinedPath(paths),
      ...ownSettings,
    },
    config,
    newKey,
    keptOfOldUnit: keptOf(old, ownSettings, isKeyKept),
    spec: {
      version,
      user: user.name,
      ...installation,
      flags: input.isAuthOff ? ["--no-auth"] : [],
      homeDir,
      home,
      stopSeconds: Math.ceil(config.limits.drainMs / 1_000) + 20,
    },
  }
}

export function newApiKey(): string {
  return `sk-${randomBytes(24).toString("base64url")}`
}

/** Settings of ours but the key, which has its own file, and without an agent's own variables. */
function ownVariables(source: NodeJS.ProcessEnv): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(source)) {
    if (!settingVariables.has(name) || name === keyVariable) continue
    if (value !== undefined && value.trim() !== "") found[name] = value
  }
  return found
}

function keptOf(
  old: Readonly<Record<string, string>>,
  present: Readonly<Record<string, string>>,
  isKeyKept: boolean,
): string[] {
  const named = { address: settings.host, port: settings.port, CLI: settings.cli }
  const kept = Object.entries(named).flatMap(([name, { variable }]) => {
    const value = old[variable]
    return value !== undefined && value === present[variable] ? [`${name} ${value}`] : []
  })
  return isKeyKept ? [...kept, "its key"] : kept
}

function foreignVariables(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith(ownPrefix)))
}

function flagVariables({ flags, cwd }: ServicePlanInput): Record<string, string> {
  return {
    ...(flags.host === undefined ? {} : { [settings.host.variable]: flags.host }),
    ...(flags.port === undefined ? {} : { [settings.port.variable]: flags.port }),
    ...(flags.cli === undefined ? {} : { [settings.cli.variable]: lastingCli(flags.cli, cwd) }),
  }
}

/** As typed, but for a path from the present folder: to the service it would be another one. */
function lastingCli(value: string, cwd: string): string {
  let program: string
  try {
    program = cliCommandsOf(value)[0].program
  } catch {
    // `resolveConfig` says what is wrong with it.
    return value
  }
  if (!program.includes("/") || program.startsWith("/") || program.startsWith("~")) return value
  const path = `${cwd}/${program}`
  const quoted = path.includes('"') ? `'${path}'` : `"${path}"`
  const typed = value.trimStart()
  return typed.startsWith(program) ? quoted + typed.slice(program.length) : quoted
}
