import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { resolve } from "node:path"
import type { InstalledService } from "../../supervise/doctor/check-service.ts"
import { LaunchdManager } from "../../supervise/launchd/launchd-manager.ts"
import { quoteForShell, type RunCommand, runCommand } from "../../supervise/machine/run-command.ts"
import { ServiceError } from "../../supervise/machine/service-error.ts"
import type { ServiceManager, ServiceScope } from "../../supervise/machine/service-manager.ts"
import {
  currentUser,
  findUser,
  invokingUserName,
  type ServiceUser,
} from "../../supervise/machine/service-user.ts"
import { parseOldUnit } from "../../supervise/systemd/old-unit.ts"
import { noSystemd, SystemdManager } from "../../supervise/systemd/systemd-manager.ts"
import { unitNameOf } from "../../supervise/systemd/units.ts"

/** Flags that every command about the service has. */
export interface ServiceFlags {
  readonly user?: boolean
  readonly system?: boolean
  /** Of release 0.2.0: the name of the unit. Without it that of the one that there is. */
  readonly serviceName?: string
  readonly json?: boolean
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** Root installs for the machine, everybody else for themselves. */
export function defaultScope(flags: ServiceFlags): ServiceScope {
  if (flags.user === true && flags.system === true) {
    throw new ServiceError("failure", "--user and --system cannot both be meant.")
  }
  if (flags.system === true) return "system"
  return flags.user === true || !isRoot() ? "user" : "system"
}

/** Whose agent CLI it is: who is named, the caller of sudo, or this user. */
async function serviceUser(
  named: string | undefined,
  refused: (name: string) => ServiceError = (name) => needsRoot(`to run the service as ${name}`),
): Promise<ServiceUser> {
  const current = currentUser(process.env)
  const name = named ?? (isRoot() ? invokingUserName(process.env) : null) ?? current.name
  if (name === current.name) return current
  if (!isRoot()) throw refused(name)
  return findUser(name, runCommand)
}

/** For `enable`: a service of the machine stays its user's, unless it is removed first. */
export async function userToEnable(
  scope: ServiceScope,
  runAs: string | undefined,
  where: ServicePlace,
): Promise<ServiceUser> {
  const installed =
    scope === "system" ? await managerOf(scope, currentUser(process.env), where).installed() : null
  const owner = installed?.spec?.user ?? parseOldUnit(installed?.text ?? "")?.user ?? undefined
  const wanted = runAs ?? invokingUserName(process.env)
  if (owner !== undefined && wanted !== null && wanted !== owner) {
    throw new ServiceError(
      "failure",
      `The service of this machine runs as ${owner}. To change it: ai-agent-proxy enable --run-as ${owner}\n` +
        `To have one that runs as ${wanted}, remove it first: ai-agent-proxy uninstall --keep`,
    )
  }
  return serviceUser(owner ?? runAs)
}

/** What `managerOf` is told beside scope and user. */
interface ServicePlace extends Pick<ServiceFlags, "serviceName"> {
  /** Where launchd's log is. */
  readonly home?: string
  /** Of the units. */
  readonly systemdDir?: string
  readonly run?: RunCommand
}

/** Throws `ServiceError` for a name that no unit can have, or that nothing has without systemd. */
export function managerOf(
  scope: ServiceScope,
  user: ServiceUser,
  { home, serviceName, systemdDir, run = runCommand }: ServicePlace = {},
): ServiceManager {
  if (process.platform === "darwin") {
    if (serviceName !== undefined || systemdDir !== undefined)
      throw new ServiceError(
        "failure",
        "--service-name and --systemd-dir are about systemd; there is none here.",
      )
    return new LaunchdManager({
      scope,
      user,
      home: home ?? process.env.AI_AGENT_PROXY_HOME ?? `${user.homeDir}/.ai_agent_proxy`,
      run,
    })
  }
  return new SystemdManager({
    scope,
    homeDir: user.homeDir,
    run,
    env: managerEnvironment(),
    folder: systemdDir === undefined ? undefined : resolve(systemdDir),
    unitName: serviceName === undefined ? undefined : unitNameOf(serviceName),
  })
}

/** Rejects with `ServiceError` where no service manager runs. */
export function requireServiceManager(): void {
  if (process.platform === "darwin" || existsSync("/run/systemd/system")) return
  throw new ServiceError("unavailable", noSystemd)
}

/** What is installed here for this user; null: nothing. Of both at once a flag has to say which. */
export async function findInstalled(
  flags: ServiceFlags,
  run: RunCommand = runCommand,
): Promise<InstalledService | null> {
  const user = currentUser(process.env)
  const given = flags.user === true || flags.system === true
  const scopes: readonly ServiceScope[] = given ? [defaultScope(flags)] : ["system", "user"]
  const found: InstalledService[] = []
  for (const scope of scopes) {
    const where = { ...flags, run }
    const manager = managerOf(scope, user, where)
    const installed = await manager.installed()
    if (installed === null) continue
    const { home } = installed.spec ?? {}
    found.push({
      manager: home === undefined ? manager : managerOf(scope, user, { ...where, home }),
      ...installed,
    })
  }
  if (found.length > 1) {
    throw new ServiceError(
      "failure",
      "There are two services: one of the machine and one of this user. Say which one: --system or --user.",
    )
  }
  return found[0] ?? null
}

/** The same, where there is nothing to do without one. */
export async function requireInstalled(flags: ServiceFlags): Promise<InstalledService> {
  const installed = await findInstalled(flags)
  if (installed !== null) return installed
  const name = isRoot() ? invokingUserName(process.env) : null
  const ofCaller =
    name === null ? null : await managerOf("user", await findUser(name, runCommand)).installed()
  if (ofCaller !== null) {
    throw new ServiceError(
      "no_rights",
      `The service is ${name}'s own: run this command as ${name}, without sudo.`,
    )
  }
  const { serviceName } = flags
  throw new ServiceError(
    "failure",
    serviceName === undefined
      ? "The service is not installed. Next: ai-agent-proxy enable"
      : `There is no service ${unitNameOf(serviceName)}. Without --service-name the one that there is is found.`,
  )
}

/** Only root changes a service of the machine. */
export function requireRights(scope: ServiceScope): void {
  if (scope === "system" && !isRoot()) throw needsRoot("to change a service of the machine")
  const caller = invokingUserName(process.env)
  if (scope === "user" && isRoot() && caller !== null) {
    throw new ServiceError(
      "no_rights",
      `A service of ${caller} alone is set up by ${caller}: run this command without sudo.`,
    )
  }
}

/** The home of an installed service; else the one that a command of this environment has. */
export function serviceHome(installed: InstalledService | null): string {
  return (
    installed?.spec?.home ??
    process.env.AI_AGENT_PROXY_HOME ??
    `${process.env.HOME ?? homedir()}/.ai_agent_proxy`
  )
}

/** The user of an installed service. */
export async function userOf(installed: InstalledService | null): Promise<ServiceUser> {
  return serviceUser(installed?.spec?.user)
}

function needsRoot(what: string): ServiceError {
  const args = process.argv.slice(2).map(quoteForShell).join(" ")
  return new ServiceError(
    "no_rights",
    `It needs root ${what}. Run:\n  sudo env "PATH=$PATH" ai-agent-proxy ${args}`,
  )
}

/** A log-in by `su` or cron lacks the variable of the user's manager, which may be there. */
function managerEnvironment(): NodeJS.ProcessEnv {
  const folder = `/run/user/${process.geteuid?.()}`
  if (process.env.XDG_RUNTIME_DIR !== undefined || !existsSync(folder)) return process.env
  return { ...process.env, XDG_RUNTIME_DIR: folder }
}

/** In whose environment the service is to be looked at; without one, whose it would be. */
export async function serviceUserOf(installed: InstalledService | null): Promise<ServiceUser> {
  return serviceUser(
    installed?.spec?.user,
    (name) =>
      new ServiceError(
        "no_rights",
        `The service is ${name}'s. Run: sudo env "PATH=$PATH" ai-agent-proxy doctor`,
      ),
  )
}
