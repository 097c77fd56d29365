import { homedir } from "node:os"
import { type Config, ConfigError } from "../../config/config.ts"
import { readConfigText } from "../../config/read-config-text.ts"
import { type ConfigInput, resolveConfig, resolveHome } from "../../config/resolve-config.ts"
import { homeVariable } from "../../config/settings.ts"
import type { InstalledService } from "../../supervise/doctor/check-service.ts"
import { failure, type HealthCheck } from "../../supervise/machine/health-check.ts"
import { runBriefly } from "../../supervise/machine/run-command.ts"
import { currentUser } from "../../supervise/machine/service-user.ts"
import { findInstalled, isRoot } from "./installed-service.ts"

/** Of every command that reads or changes something. */
export interface CommonFlags {
  readonly home?: string
  readonly json?: boolean
}

/**
 * The home that was named; else that of this user's service on this machine; else the usual one.
 * Absolute. Rejects with `ConfigError`.
 */
export async function homeOf(flags: CommonFlags): Promise<string> {
  if (isNamed(flags)) return namedHome(flags)
  const { spec } = (await ownService()) ?? {}
  // Not another user's: what root wrote there would be root's.
  return spec?.user === currentUser(process.env).name ? spec.home : namedHome(flags)
}

/** For commands that only look: root may look at anybody's. With the service whose home it is. */
export async function homeAndService(
  flags: CommonFlags,
): Promise<{ readonly home: string; readonly installed: InstalledService | null }> {
  const installed = await ownService()
  const isAnybodys = isRoot() && !isNamed(flags)
  const home = (isAnybodys ? installed?.spec?.home : undefined) ?? (await homeOf(flags))
  return { home, installed: installed?.spec?.home === home ? installed : null }
}

/** Null also where it cannot be told: the command is about something else. */
function ownService(): Promise<InstalledService | null> {
  return findInstalled({}, runBriefly).catch(() => null)
}

function isNamed({ home }: CommonFlags): boolean {
  return home !== undefined || (process.env[homeVariable] ?? "") !== ""
}

function namedHome({ home }: CommonFlags): string {
  return resolveHome({ flags: { home }, ...terminal() })
}

/** Of a service that this terminal would start. Throws `ConfigError`. */
export function configOf(flags: ConfigInput["flags"]): Config {
  return resolveConfig({ flags, ...terminal(), readFile: readConfigText })
}

const terminal = () => ({ env: process.env, homeDir: homedir(), cwd: process.cwd() })

/** What of this home's files is damaged, so that no service starts. Null: nothing. */
export function configurationProblem(home: string): ConfigError | null {
  try {
    resolveConfig({ flags: { home }, env: {}, homeDir: homedir(), readFile: readConfigText })
    return null
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

/** The same as a line of `doctor`. */
export function configurationFailure(error: ConfigError): HealthCheck {
  return failure("configuration", error.message, "correct it; docs/configuration.md lists all settings")
}

/** True: with these the exit code is that of a bad configuration. */
export function isConfigurationBad(checks: readonly HealthCheck[]): boolean {
  return checks.some(({ name, status }) => name === "configuration" && status === "failure")
}
