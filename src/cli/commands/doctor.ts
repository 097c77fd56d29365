import type { Config } from "../../config/config.ts"
import { formatDuration } from "../../domain/duration.ts"
import { checkAgentClis } from "../../supervise/doctor/check-agent-clis.ts"
import { checkAgentFolders } from "../../supervise/doctor/check-agent-folders.ts"
import { checkHome } from "../../supervise/doctor/check-home.ts"
import { checkReverseProxy } from "../../supervise/doctor/check-reverse-proxy.ts"
import { checkService, type InstalledService } from "../../supervise/doctor/check-service.ts"
import { failure, type HealthCheck, ok } from "../../supervise/machine/health-check.ts"
import { thisInstallation } from "../../supervise/machine/installation.ts"
import { runCommand } from "../../supervise/machine/run-command.ts"
import type { ServiceUser } from "../../supervise/machine/service-user.ts"
import { checkOlderRelease } from "../../supervise/older-release.ts"
import { unitPlaceOf } from "../../supervise/systemd/units.ts"
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

/** What is known of the service before anything is looked at. */
interface Known {
  readonly config: Config
  readonly environment: Readonly<Record<string, string>>
  readonly installed: InstalledService | null
  readonly user: ServiceUser
  /** Of the service of this machine; null: it does not run. */
  readonly servicePid: number | null
  /** What uses the home and answers, whoever has started it. */
  readonly running: DaemonStatus | null
  readonly isTurnWanted: boolean
}

/** What a check looks at, as docs/service.md says it, and what it says, with the next step. */
interface Check {
  readonly looksAt: string
  readonly look: (known: Known) => readonly HealthCheck[] | Promise<readonly HealthCheck[]>
}

/** In the order of their lines; nothing can be said by these without the configuration. */
export const checks: readonly Check[] = [
  {
    looksAt: "the configuration",
    look: ({ config: { home } }) => [
      ok("configuration", `${home}/config.toml and the environment of the service`),
    ],
  },
  {
    looksAt: "home, lock, ledger, port",
    look: ({ config, servicePid, running, installed }) =>
      checkHome(config, servicePid, running, installed !== null),
  },
  { looksAt: "the agents' folders", look: ({ config }) => checkAgentFolders(config.home) },
  {
    looksAt: "what release 0.2.0 has left",
    look: ({ config, installed, user }) =>
      checkOlderRelease(config.home, installed === null ? null : unitPlaceOf(installed.manager, user)),
  },
  {
    looksAt: "the manager's CLI and its log-in",
    look: ({ config, environment, isTurnWanted }) =>
      checkAgentClis(config, environment, { isTurnWanted, terminalPath: process.env.PATH }),
  },
  {
    looksAt: "the service that runs",
    look: ({ running, installed }) => checkRunning(running, installed !== null),
  },
  { looksAt: "a reverse proxy in front of it", look: ({ config }) => checkReverseProxy(config) },
  {
    looksAt: "a log-in that was refused",
    look: ({ running, isTurnWanted }) => (isTurnWanted ? [] : checkLogin(running)),
  },
]

async function allChecks(
  flags: DoctorFlags,
  installed: InstalledService | null,
  user: ServiceUser,
): Promise<readonly HealthCheck[]> {
  const { environment, config, problem } = serviceSettings(installed, user)
  const found = [
    ok("node", `${process.execPath} (${process.version})`),
    ...(await checkService(installed, user, environment, runCommand)),
  ]
  if (config === null) return [...found, problem]
  const state = await installed?.manager.state().catch(() => null)
  const running = await new DaemonClient(config.home).status(AbortSignal.timeout(answerMs)).catch(() => null)
  const known = {
    config,
    environment,
    installed,
    user,
    running,
    servicePid: state?.pid ?? null,
    isTurnWanted: flags.turn === true,
  }
  for (const { look } of checks) found.push(...(await look(known)))
  return found
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
