import { homedir } from "node:os"
import { ConfigError } from "../../config/config-error.ts"
import { readConfigText } from "../../config/read-config-text.ts"
import { resolveConfig } from "../../config/resolve-config.ts"
import { failure, type HealthCheck } from "../../supervise/machine/health-check.ts"

/** What keeps a service from starting on this home: its files are damaged. Null: they are whole, or not there. */
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
