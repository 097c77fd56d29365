import { Command } from "commander"
import type { Config } from "../config/config.ts"
import { ConfigError } from "../config/config-error.ts"
import { parseEnvironmentFile } from "../config/environment-file.ts"
import { readConfigText } from "../config/read-config-text.ts"
import { resolveConfig } from "../config/resolve-config.ts"
import { checkCli } from "../supervise/check-cli.ts"
import { checkHome } from "../supervise/check-home.ts"
import { checkService } from "../supervise/check-service.ts"
import { failure, type HealthCheck, ok } from "../supervise/health-check.ts"
import { thisInstallation } from "../supervise/installation.ts"
import { runCommand } from "../supervise/run-command.ts"
import { captureEnvironment } from "../supervise/service-environment.ts"
import { ServiceError } from "../supervise/service-error.ts"
import { environmentFileOf } from "../supervise/service-spec.ts"
import { currentUser, findUser, invokingUserName, type ServiceUser } from "../supervise/service-user.ts"
import { printData, printLine } from "./print.ts"
import { findInstalled, type InstalledService, isRoot, type ScopeFlags } from "./service-context.ts"
import { terminalEnvironment } from "./terminal-environment.ts"

interface DoctorFlags extends ScopeFlags {
  readonly turn?: boolean
  readonly json?: boolean
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Check everything that the service needs, in the environment that it has.")
    .option("--turn", "also have the agent answer one word (uses the account)")
    .option("--json", "print the checks as JSON")
    .option("--system", "the service of the machine")
    .option("--user", "the service of this user")
    .exitOverride()
    .action((flags: DoctorFlags) => doctor(flags))
    .addHelpText(
      "after",
      `
Each line is ok, WARN or FAIL; what to do stands below it. Exit code 1 when something fails.

Examples:
  ai-agent-proxy doctor
  ai-agent-proxy doctor --turn
  ai-agent-proxy doctor --json`,
    )
}

async function doctor(flags: DoctorFlags): Promise<void> {
  const installed = await findInstalled(flags)
  const user = await serviceUserOf(installed)
  if (isRoot() && user.uid !== 0) {
    await doctorAs(user, installed)
    return
  }
  const checks = await allChecks(flags, installed, user)
  const isOk = checks.every((check) => check.status !== "failure")
  if (flags.json === true) printData(JSON.stringify({ ok: isOk, checks }, null, 2))
  else printData(checks.map(lineOf).join("\n"))
  process.exitCode = isOk ? 0 : 1
}

async function serviceUserOf(installed: InstalledService | null): Promise<ServiceUser> {
  const current = currentUser(process.env)
  const name = installed?.spec?.user ?? (isRoot() ? invokingUserName(process.env) : null) ?? current.name
  if (name === current.name) return current
  if (isRoot()) return findUser(name, runCommand)
  throw new ServiceError(
    "no_rights",
    `The service is ${name}'s. Run: sudo env "PATH=$PATH" ai-agent-proxy doctor`,
  )
}

/** What root may do says nothing about what the service may: the same command again, as its user. */
async function doctorAs(user: ServiceUser, installed: InstalledService | null): Promise<void> {
  const { node, launcher } = thisInstallation()
  const terminal = await terminalEnvironment(user)
  if (installed === null) printLine(`Checked as ${user.name}, who called this command.`)
  const ran = await runCommand(node, [launcher, ...process.argv.slice(2)], {
    env: { ...terminal, HOME: user.homeDir, USER: user.name },
    uid: user.uid,
    gid: user.gid,
    cwd: "/",
    timeoutMs: 300_000,
  })
  process.stderr.write(ran.stderr)
  process.stdout.write(ran.stdout)
  process.exitCode = ran.exitCode ?? 1
}

async function allChecks(
  flags: DoctorFlags,
  installed: InstalledService | null,
  user: ServiceUser,
): Promise<readonly HealthCheck[]> {
  const { environment, config, problem } = serviceSettings(installed, user)
  const state = await installed?.manager.state().catch(() => null)
  const service = checkService(installed, user, environment, runCommand)
  const node = ok("node", `${process.execPath} (${process.version})`)
  if (config === null) return [node, ...(await service), problem]
  return [
    node,
    ...(await service),
    ok("configuration", `${config.home}/config.toml and the environment of the service`),
    ...(await checkHome(config, state?.pid ?? null)),
    ...(await checkCli(config, environment, {
      isTurnWanted: flags.turn === true,
      terminalPath: process.env.PATH,
    })),
  ]
}

type ServiceSettings = { readonly environment: Readonly<Record<string, string>> } & (
  | { readonly config: Config; readonly problem: null }
  | { readonly config: null; readonly problem: HealthCheck }
)

/** Those of the installed service; without one, those that `enable` would give it. */
function serviceSettings(installed: InstalledService | null, user: ServiceUser): ServiceSettings {
  const spec = installed?.spec ?? null
  const stored = spec === null ? {} : parseEnvironmentFile(readConfigText(environmentFileOf(spec.home)) ?? "")
  if (spec !== null && Object.keys(stored).length === 0) {
    const file = environmentFileOf(spec.home)
    return {
      environment: {},
      config: null,
      problem: failure("environment", `${file} is missing or empty`, "ai-agent-proxy enable"),
    }
  }
  const own = Object.entries(process.env).filter(([name]) => name.startsWith("AI_AGENT_PROXY_"))
  const env = spec === null ? Object.fromEntries(own) : { ...stored, AI_AGENT_PROXY_HOME: spec.home }
  try {
    const config = resolveConfig({
      flags: {},
      env,
      homeDir: user.homeDir,
      cwd: process.cwd(),
      readFile: readConfigText,
    })
    const environment = spec === null ? captureEnvironment(process.env, user, config.passEnv) : stored
    return { environment, config, problem: null }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return {
      environment: stored,
      config: null,
      problem: failure(
        "configuration",
        error.message,
        "correct it; docs/configuration.md lists all settings",
      ),
    }
  }
}

const marks = { ok: "ok  ", warning: "WARN", failure: "FAIL" } as const

function lineOf({ name, status, message, next }: HealthCheck): string {
  const line = `${marks[status]}  ${name.padEnd(13)}  ${message}`
  return next === null ? line : `${line}\n${" ".repeat(21)}next: ${next}`
}
