import { formatDuration } from "../../domain/duration.ts"
import { checkAgentClis } from "../../supervise/doctor/check-agent-clis.ts"
import { checkAgentFolders } from "../../supervise/doctor/check-agent-folders.ts"
import { checkHome } from "../../supervise/doctor/check-home.ts"
import { checkReverseProxy } from "../../supervise/doctor/check-reverse-proxy.ts"
import type { InstalledService } from "../../supervise/doctor/check-service.ts"
import { checkService } from "../../supervise/doctor/check-service.ts"
import { failure, type HealthCheck, ok } from "../../supervise/machine/health-check.ts"
import { thisInstallation } from "../../supervise/machine/installation.ts"
import { runCommand } from "../../supervise/machine/run-command.ts"
import type { ServiceUser } from "../../supervise/machine/service-user.ts"
import { checkOlderRelease } from "../../supervise/older-release.ts"
import type { UnitPlace } from "../../supervise/systemd/units.ts"
import { DaemonClient, type DaemonStatus } from "../context/daemon-client.ts"
import { OwnCommand } from "../context/flags.ts"
import { isConfigurationBad } from "../context/home.ts"
import { findInstalled, isRoot, type ServiceFlags, serviceUserOf } from "../context/installed-service.ts"
import { runningProgram, serviceSettings } from "../context/service-settings.ts"
import { terminalEnvironment } from "../context/terminal-environment.ts"
import { exitCodes } from "../io/exit-codes.ts"
import { note, print, printJson } from "../io/print.ts"

/** How long a daemon may take to say how it is. */
const answerMs = 5_000

interface DoctorFlags extends ServiceFlags {
  readonly turn?: boolean
}

export function doctorCommand(): OwnCommand {
  return new OwnCommand("doctor")
    .description("Check everything that the service needs, in the environment that it has.")
    .option("--turn", "also have the agent answer one word (uses the account)")
    .option("--json", "print the checks as JSON")
    .withService()
    .action(doctor)
    .withHelp(`
Each line is ok, WARN or FAIL; what to do stands below it. Exit code 1 when something fails, 78 when that is the configuration.

Examples:
  ai-agent-proxy doctor
  ai-agent-proxy doctor --turn
  ai-agent-proxy doctor --json`)
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
  if (flags.json === true) printJson({ ok: isOk, checks })
  else print(checks.map(lineOf).join("\n"))
  process.exitCode = isOk ? 0 : isConfigurationBad(checks) ? exitCodes.configuration : exitCodes.failure
}

/** What root may do says nothing about the service: the same command again, as its user. */
async function doctorAs(user: ServiceUser, installed: InstalledService | null): Promise<void> {
  const { node, launcher } = thisInstallation()
  const terminal = await terminalEnvironment(user)
  if (installed === null) note(`Checked as ${user.name}, who called this command.`)
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
  const running = await new DaemonClient(config.home).status(AbortSignal.timeout(answerMs)).catch(() => null)
  return [
    node,
    ...(await service),
    ok("configuration", `${config.home}/config.toml and the environment of the service`),
    ...(await checkHome(config, state?.pid ?? null, running, installed !== null)),
    ...(await checkAgentFolders(config.home)),
    ...(await checkOlderRelease(config.home, unitOf(installed, user))),
    ...(await checkAgentClis(config, environment, {
      isTurnWanted: flags.turn === true,
      terminalPath: process.env.PATH,
    })),
    ...checkRunning(running, installed !== null),
    ...(await checkReverseProxy(config)),
    ...(flags.turn === true ? [] : checkLogin(running)),
  ]
}

/** Of systemd. */
function unitOf(installed: InstalledService | null, user: ServiceUser): UnitPlace | null {
  if (installed?.manager.name !== "systemd") return null
  const { definitionPath, scope } = installed.manager
  return { definitionPath, scope, user }
}

/** What only the service itself knows: its version, and whether it can store. */
function checkRunning(running: DaemonStatus | null, isInstalled: boolean): readonly HealthCheck[] {
  if (running === null) return []
  const problem = running.storage_problem
  const storage = problem === null ? [] : [failure("storage", problem, "ai-agent-proxy ledger check")]
  const replaced = runningProgram(running, isInstalled)
  return [...storage, ...(replaced === null ? [] : [replaced])]
}

/** That a log-in has expired, the CLI does not know. */
function checkLogin(running: DaemonStatus | null): readonly HealthCheck[] {
  const refused = running?.agents[0]?.loginProblem ?? null
  if (refused === null) return []
  const ago = formatDuration(Date.now() - refused.at)
  return [
    failure(
      "turn",
      `the log-in was refused ${ago} ago: ${refused.message}`,
      // A turn of `doctor` is none of the service's: only that one clears what it remembers.
      'log in again in a terminal as this user; the next answered request clears this: echo "Hello" | ai-agent-proxy connect manager',
    ),
  ]
}

const marks = { ok: "ok  ", warning: "WARN", failure: "FAIL" } as const

function lineOf({ name, status, message, next }: HealthCheck): string {
  const line = `${marks[status]}  ${name.padEnd(13)}  ${message}`
  return next === null ? line : `${line}\n${" ".repeat(21)}next: ${next}`
}
