import { type Config, ConfigError, version } from "../../config/config.ts"
import { parseEnvironmentFile } from "../../config/environment-file.ts"
import { readConfigText } from "../../config/read-config-text.ts"
import { resolveConfig } from "../../config/resolve-config.ts"
import type { InstalledService } from "../../supervise/doctor/check-service.ts"
import { failure, type HealthCheck, warning } from "../../supervise/machine/health-check.ts"
import { captureEnvironment, pathWithAny } from "../../supervise/machine/service-environment.ts"
import { environmentFileOf } from "../../supervise/machine/service-spec.ts"
import type { ServiceUser } from "../../supervise/machine/service-user.ts"
import { configurationFailure } from "./home.ts"

type ServiceSettings = { readonly environment: Readonly<Record<string, string>> } & (
  | { readonly config: Config; readonly problem: null }
  | { readonly config: null; readonly problem: HealthCheck }
)

/** Those of the installed service; without one, those that `enable` would give it. */
export function serviceSettings(installed: InstalledService | null, user: ServiceUser): ServiceSettings {
  const spec = installed?.spec ?? null
  let environment: Readonly<Record<string, string>> = {}
  try {
    if (spec !== null) {
      const file = environmentFileOf(spec.home)
      environment = parseEnvironmentFile(file, readConfigText(file) ?? "")
      if (Object.keys(environment).length === 0) {
        const problem = failure("environment", `${file} is missing or empty`, "ai-agent-proxy enable")
        return { environment, config: null, problem }
      }
    }
    const own = Object.entries(process.env).filter(([name]) => name.startsWith("AI_AGENT_PROXY_"))
    const config = resolveConfig({
      flags: {},
      env: spec === null ? Object.fromEntries(own) : { ...environment, AI_AGENT_PROXY_HOME: spec.home },
      homeDir: user.homeDir,
      cwd: process.cwd(),
      readFile: readConfigText,
    })
    return { environment: spec === null ? environmentToBe(config, user) : environment, config, problem: null }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { environment, config: null, problem: configurationFailure(error) }
  }
}

function environmentToBe(config: Config, user: ServiceUser): Readonly<Record<string, string>> {
  const captured = captureEnvironment(process.env, user, config.passEnv)
  const path = pathWithAny(config.cliCommands, [captured.PATH], user.homeDir)
  return path === null ? captured : { ...captured, PATH: path }
}

/** What to do where the service runs another program than that on the disk; null: it does not. */
export function runningProgram(
  running: { readonly version: string; readonly pid: number },
  isInstalled: boolean,
): HealthCheck | null {
  if (running.version === version) return null
  return warning(
    "running",
    `the service runs ${running.version} still, and the program on the disk is ${version}`,
    isInstalled ? "ai-agent-proxy restart" : `end the daemon (kill ${running.pid}) and start it again`,
  )
}
