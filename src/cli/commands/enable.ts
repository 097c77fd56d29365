import { basename } from "node:path"
import { Option } from "commander"
import { readConfigText } from "../../config/read-config-text.ts"
import { movingPart, thisInstallation, tryProgram } from "../../supervise/machine/installation.ts"
import { quoteForShell, runCommand } from "../../supervise/machine/run-command.ts"
import { ServiceError } from "../../supervise/machine/service-error.ts"
import type { ServiceManager, ServiceScope } from "../../supervise/machine/service-manager.ts"
import { environmentFileOf, secretsFileOf } from "../../supervise/machine/service-spec.ts"
import { asUser, type ServiceUser } from "../../supervise/machine/service-user.ts"
import { olderReleaseJson, olderReleaseLines } from "../../supervise/older-release.ts"
import { planService, type ServicePlan } from "../../supervise/plan-service.ts"
import { environmentFileText, secretsText, setUpService } from "../../supervise/set-up-service.ts"
import { type OldUnit, parseOldUnit } from "../../supervise/systemd/old-unit.ts"
import { isOwnUnit } from "../../supervise/systemd/systemd-unit.ts"
import { otherUnitsOf, unitPlaceOf } from "../../supervise/systemd/units.ts"
import { assertPassedOn, noSudo, OwnCommand, type SettingFlags } from "../context/flags.ts"
import {
  defaultScope,
  managerOf,
  requireRights,
  requireServiceManager,
  type ServiceFlags,
  userToEnable,
} from "../context/installed-service.ts"
import { refuseInOwnTurn } from "../context/own-turn.ts"
import { terminalEnvironment } from "../context/terminal-environment.ts"
import { UsageError } from "../io/exit-codes.ts"
import { note, print, printJson } from "../io/print.ts"
import { clientFacts, clientLines, cliWarning, foundOlderRelease, isManagerUp } from "./enable-lines.ts"

interface EnableFlags extends ServiceFlags, SettingFlags {
  readonly runAs?: string
  readonly dryRun?: boolean
  readonly systemdDir?: string
  readonly skipStart?: boolean
}

export function enableCommand(): OwnCommand {
  return new OwnCommand("enable")
    .description("Install the service of this machine, start it now and at every boot; again: change it.")
    .withSettings()
    .option("--system", "a service of the machine (default for root)")
    .option("--user", "a service of this user (default for everybody else)")
    .option("--run-as <user>", "whose CLI and log-in it uses (default: who called sudo)")
    .option("--dry-run", "print all that would be written and run, and do nothing")
    .option("--json", "the result as JSON")
    .addOption(new Option("--systemd-dir <folder>", "where units are").hideHelp())
    .option("--service-name <name>", "name of its unit, where there are several (default ai-agent-proxy)")
    .addOption(new Option("--skip-start", "write everything, and start nothing").hideHelp())
    .action(enable)
    .withOld(noSudo)
    .withHelp(`
Examples:
  sudo env "PATH=$PATH" ai-agent-proxy enable       a service of the machine that runs as you
  ai-agent-proxy enable                             a service of your own, by systemd --user
  ai-agent-proxy enable --ip 0.0.0.0 --cli "codex resume --last || codex"
  ai-agent-proxy enable --dry-run

See docs/service.md.`)
}

async function enable(flags: EnableFlags): Promise<void> {
  const scope = defaultScope(flags)
  const isDryRun = flags.dryRun === true
  if (isDryRun && flags.json === true)
    throw new UsageError("--dry-run prints files and commands as they are: not with --json.")
  const isStartSkipped = flags.skipStart === true
  if (!isDryRun && !isStartSkipped) requireServiceManager()
  if (!isDryRun) requireRights(scope)
  const user = await userToEnable(scope, flags.runAs, flags)
  const manager = managerOf(scope, user, flags)
  await refuseSecondService(scope, user)
  const plan = await makePlan(flags, manager, user)
  await refuseSameHome(plan, manager)
  // One of an earlier `enable` stays: the service starts with it, and warns.
  if (flags.cli !== undefined) assertPassedOn(flags.cli, null)
  if (isDryRun) {
    await printDryRun(plan, manager)
    return
  }
  await refuseInOwnTurn("enable", plan.config.home)
  await requireRunnable(plan)
  await setUpService(plan, manager, {
    readFile: readConfigText,
    run: runCommand,
    tell: note,
    isStartSkipped,
  })
  await report(plan, manager, flags)
}

async function makePlan(
  flags: EnableFlags,
  manager: ServiceManager,
  user: ServiceUser,
): Promise<ServicePlan> {
  const installed = await manager.installed()
  const source = await terminalEnvironment(user)
  // Read by who may read what it names: root, for a service of the machine.
  const oldUnit = installed === null ? null : replacedUnit(manager, installed.text)
  return asUser(user, async () =>
    planService({
      user,
      source,
      flags: { home: flags.home, host: flags.ip, port: flags.port, cli: flags.cli, apiKey: flags.apiKey },
      isAuthOff: !flags.auth,
      installation: thisInstallation(),
      installedHome: installed?.spec?.home ?? null,
      oldUnit,
      cwd: process.cwd(),
      readFile: readConfigText,
    }),
  )
}

/**
 * That of release 0.2.0, whose settings stay. What somebody else has put there is not overwritten.
 * Throws `ServiceError` and `ConfigError`.
 */
function replacedUnit(manager: ServiceManager, text: string): OldUnit | null {
  const old = parseOldUnit(text, readConfigText)
  if (old !== null || manager.name !== "systemd" || isOwnUnit(text)) return old
  throw new ServiceError(
    "failure",
    `${manager.definitionPath} was not written by ai-agent-proxy. Look what it is for, move it elsewhere, and type this again.`,
  )
}

/** Two services of one home would fight for it, and of two homes for the port. */
async function refuseSecondService(scope: ServiceScope, user: ServiceUser): Promise<void> {
  const other: ServiceScope = scope === "system" ? "user" : "system"
  if ((await managerOf(other, user).installed()) === null) return
  throw new ServiceError(
    "failure",
    `It is installed as a ${other} service already. Change that one with \`enable --${other}\`, or remove it first: ` +
      `ai-agent-proxy uninstall --${other}`,
  )
}

/**
 * Also under two names two services of one home would fight for it. One of release 0.2.0 beside the
 * unit that is changed is nothing new: what is to be done about it is told at the end.
 */
async function refuseSameHome({ user, config }: ServicePlan, manager: ServiceManager): Promise<void> {
  const place = unitPlaceOf(manager, user)
  if (place === null) return
  const isNew = (await manager.installed()) === null
  const others = await otherUnitsOf(config.home, place)
  const other = others.find(({ isOld }) => isNew || !isOld)
  if (other === undefined) return
  const name = basename(other.path)
  const [systemctl, rm] = place.scope === "user" ? ["systemctl --user", "rm"] : ["sudo systemctl", "sudo rm"]
  throw new ServiceError(
    "failure",
    `${other.path} is a service of this home (${config.home}) already${other.isOld ? ", of release 0.2.0" : ""}. ` +
      `Change that one: ai-agent-proxy enable --service-name ${quoteForShell(name)}\n` +
      `Or give this one a home of its own (--home), or remove that one first: ${systemctl} disable --now ${quoteForShell(name)}, ` +
      `and ${rm} ${quoteForShell(other.path)}`,
  )
}

/** Found out now rather than from a service that does not start. */
async function requireRunnable({ spec, user, environment }: ServicePlan): Promise<void> {
  const { problem } = await tryProgram(spec, user, environment, runCommand)
  if (problem === null) return
  throw new ServiceError(
    "failure",
    `${user.name} cannot run ${spec.launcher} with ${spec.node}: ${problem}\n` +
      "Put the checkout where that user may read it, and run there: make install",
  )
}

async function report(
  plan: ServicePlan,
  manager: ServiceManager,
  { json: isJson = false, skipStart: isStartSkipped = false }: EnableFlags,
): Promise<void> {
  const { user, spec, config } = plan
  const when = manager.scope === "system" ? "with the machine" : `with the log-in of ${user.name}`
  note(
    isStartSkipped
      ? `${manager.definitionPath} is written, for ${user.name}, and not started. To start it, ${when} from then on:\n${startLines(manager)}`
      : `ai-agent-proxy runs as ${user.name} and starts ${when} (${manager.definitionPath}).`,
  )
  const older = await foundOlderRelease(plan, manager)
  for (const line of olderReleaseLines(older, plan.keptOfOldUnit)) note(line)
  const moving = movingPart(spec)
  if (moving !== null) note(moving)
  const warning = cliWarning(plan)
  if (warning !== null) note(warning)
  else if (!isStartSkipped && !(await isManagerUp(config))) {
    note("The manager cannot answer yet; what is missing is told by: ai-agent-proxy doctor")
  }
  if (!isJson) return print(clientLines(plan))
  printJson({
    service: isStartSkipped ? "written" : "enabled",
    definition: manager.definitionPath,
    scope: manager.scope,
    user: user.name,
    home: config.home,
    ...clientFacts(plan),
    from_0_2_0: older === null ? null : olderReleaseJson(older, plan.keptOfOldUnit),
  })
}

function startLines({ steps }: ServiceManager): string {
  return steps.map(({ program, args }) => `  ${[program, ...args].map(quoteForShell).join(" ")}`).join("\n")
}

/** Variables whose values may be shown around; any other may be a log-in, whatever its name. */
const plainName =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|LC_\w+|XDG_\w+|AI_AGENT_PROXY_\w+|\w+_(HOME|DIR|FILE|URL|MODEL|PROXY|proxy))$/

/** All that `enable` would write and run. No secrets: a dry run is there to be shown around. */
async function printDryRun(plan: ServicePlan, manager: ServiceManager): Promise<void> {
  const { config, spec } = plan
  const shown = Object.fromEntries(
    Object.entries(plan.environment).map(([name, value]) => [name, hide(name, value)]),
  )
  print(section(`${config.home}/`, "0700, and in it manager/, the manager's workspace"))
  print(section(environmentFileOf(config.home), "0600", environmentFileText(spec.version, shown)))
  if (plan.newKey !== null) {
    print(section(secretsFileOf(config.home), "0600", secretsText("", "", hidden)))
  }
  print(section(manager.definitionPath, "0644", await manager.define(spec)))
  const older = await foundOlderRelease(plan, manager)
  for (const line of olderReleaseLines(older, plan.keptOfOldUnit)) note(line)
  const commands = manager.steps.map(({ program, args }) => `${[program, ...args].join(" ")}\n`)
  print(section("commands", "in this order", commands.join("")))
  print(clientLines({ ...plan, newKey: plan.newKey === null ? null : hidden }))
  const warning = cliWarning(plan)
  if (warning !== null) note(warning)
  note("Nothing was written or started (--dry-run).")
}

const hidden = "(not shown)"

function hide(name: string, value: string): string {
  return plainName.test(name) && !mayHavePassword(value) ? value : hidden
}

/** A proxy may have no scheme (`user:password@host:3128`), a folder an `@` (`/opt/node@24/bin`). */
function mayHavePassword(value: string): boolean {
  return value.includes("@") && (!value.startsWith("/") || value.includes("://"))
}

function section(title: string, note: string, text = ""): string {
  return `### ${title} (${note})\n${text}${text === "" ? "" : "\n"}`
}
