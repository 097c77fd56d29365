import { existsSync } from "node:fs"
import { fullReason } from "../../domain/agents.ts"
import { formatDuration } from "../../domain/duration.ts"
import { checkCliPlace } from "../../supervise/doctor/check-agent-clis.ts"
import { checkService, type InstalledService } from "../../supervise/doctor/check-service.ts"
import { failureFrom, type HealthCheck } from "../../supervise/machine/health-check.ts"
import { runBriefly } from "../../supervise/machine/run-command.ts"
import type { ServiceUser } from "../../supervise/machine/service-user.ts"
import { type AgentView, agentJson, chooseAgent, programOf, stateOf } from "../context/agent-view.ts"
import { DaemonClient, DaemonDownError, type DaemonStatus } from "../context/daemon-client.ts"
import { OwnCommand } from "../context/flags.ts"
import {
  type CommonFlags,
  configurationFailure,
  configurationProblem,
  homeAndService,
  isConfigurationBad,
} from "../context/home.ts"
import { serviceUserOf } from "../context/installed-service.ts"
import { processLines, processView } from "../context/process-view.ts"
import { runningProgram, serviceSettings } from "../context/service-settings.ts"
import { exitCodes } from "../io/exit-codes.ts"
import { print, printJson, shortPath } from "../io/print.ts"

export function statusCommand(): OwnCommand {
  return new OwnCommand("status")
    .description("Show the service, its agents and their processes.")
    .argument("[agent]", "one agent only")
    .withHome()
    .action(runStatus)
    .withHelp(`
With a service of this machine: also what of it has moved or is not right, as \`doctor\` tells it.
Exit code 1: the service is not running; 78: its configuration is damaged.

Examples:
  ai-agent-proxy status
  ai-agent-proxy status alice --json`)
}

async function runStatus(word: string | undefined, flags: CommonFlags): Promise<void> {
  const { home, installed } = await homeAndService(flags)
  const [status, found] = await Promise.all([
    new DaemonClient(home).status().catch((error: unknown) => {
      if (error instanceof DaemonDownError && installed !== null && word === undefined) return null
      throw error
    }),
    problemsOf(home, installed, word),
  ])
  const replaced = status === null || word !== undefined ? null : runningProgram(status, installed !== null)
  const problems = [...found, ...(replaced === null ? [] : [replaced])]
  if (isConfigurationBad(problems)) process.exitCode = exitCodes.configuration
  if (status === null) {
    tellDown(home, problems, flags)
    return
  }
  const agents = word === undefined ? status.agents : [chooseAgent(status.agents, word)]
  const processes = word === undefined ? await processView(status.pid) : null
  if (flags.json === true) {
    const { version, pid, phase, uptime_seconds, url, storage_problem } = status
    printJson({
      service: { state: phase, version, pid, uptime_seconds, url, home, storage_problem },
      problems,
      agents: agents.map((agent) => agentJson(agent, home)),
      processes,
    })
    return
  }
  if (word === undefined) print([...serviceLines(status, home), ...problems.flatMap(problemLines)].join("\n"))
  for (const agent of agents) print(`\n${agentLines(agent).join("\n")}`)
  if (processes !== null) print(`\nProcesses\n${processLines(processes, "  ").join("\n")}`)
}

/** A service that runs has the configuration of its start: later damage shows at the next one. */
async function problemsOf(
  home: string,
  installed: InstalledService | null,
  word: string | undefined,
): Promise<readonly HealthCheck[]> {
  if (word !== undefined) return []
  if (installed !== null) return serviceProblems(installed)
  const problem = configurationProblem(home)
  return problem === null ? [] : [configurationFailure(problem)]
}

/** The service of this machine does not run. */
function tellDown(home: string, problems: readonly HealthCheck[], { json }: CommonFlags): void {
  process.exitCode = isConfigurationBad(problems) ? exitCodes.configuration : exitCodes.failure
  if (json === true) {
    printJson({ service: { state: "down", home }, problems, agents: [], processes: null })
    return
  }
  // It may run all the same: its socket went with the home.
  const head = existsSync(home)
    ? ["Service    not running", `Home       ${shortPath(home)}`]
    : [
        "Service    cannot be reached",
        `Home       ${shortPath(home)} is not there: put it back if it was moved away`,
      ]
  const next = problems.length === 0 ? ["Next       ai-agent-proxy doctor"] : problems.flatMap(problemLines)
  print([...head, ...next].join("\n"))
}

function problemLines({ message, next }: HealthCheck): readonly string[] {
  return [`Problem    ${message}`, ...(next === null ? [] : [`  next     ${next}`])]
}

function serviceLines(
  { version, pid, phase, uptime_seconds, url, storage_problem: problem }: DaemonStatus,
  home: string,
): readonly string[] {
  return [
    `Service    ${phase}, ${version}, pid ${pid}, up ${formatDuration(uptime_seconds * 1000)}`,
    `Address    ${url ?? "none"}`,
    `Home       ${shortPath(home)}`,
    ...(problem === null ? [] : [`Problem    ${problem}`]),
  ]
}

function agentLines(agent: AgentView): readonly string[] {
  const { readiness, lastExit, loginProblem, controlProblem } = agent
  const pid = agent.pid === null ? "" : `, pid ${agent.pid}`
  const lines = [
    `${agent.id}: ${stateOf(agent)}`,
    `  CLI      ${programOf(agent)} (${agent.backend})${pid}`,
    `  Turns    ${agent.runningTurns} running, ${agent.queuedTurns} queued, ${agent.loadedThreads} threads loaded`,
    `  Active   ${agent.lastActiveAt === null ? "never" : `${formatDuration(Date.now() - agent.lastActiveAt)} ago`}`,
  ]
  if (!readiness.isReady)
    lines.push(`  Problem  ${fullReason(readiness)}`, `  Next     ${readiness.nextStep}`)
  const { limitation } = agent.capabilities ?? {}
  if (limitation !== undefined)
    lines.push(`  Limited  ${fullReason(limitation)}`, `  Next     ${limitation.nextStep}`)
  if (loginProblem !== null) {
    const ago = formatDuration(Date.now() - loginProblem.at)
    lines.push(`  Login    refused ${ago} ago: ${loginProblem.message}`)
  }
  if (lastExit !== null) {
    const ago = formatDuration(Date.now() - lastExit.at)
    lines.push(`  Died     ${ago} ago: ${lastExit.reason}; started again ${agent.restarts} times`)
  }
  if (controlProblem !== null) lines.push(`  Control  ${controlProblem}; the last good state is in force`)
  return lines
}

/** What of `doctor` can be seen without starting the CLI, and is not right. */
async function serviceProblems(installed: InstalledService): Promise<readonly HealthCheck[]> {
  let user: ServiceUser
  try {
    user = await serviceUserOf(installed)
  } catch (error) {
    return [failureFrom("service", error, "sudo ai-agent-proxy uninstall --keep")]
  }
  const { environment, config, problem } = serviceSettings(installed, user)
  const checks = [
    ...(await checkService(installed, user, environment, runBriefly)),
    config === null ? problem : checkCliPlace(config, environment, process.env.PATH),
  ]
  return checks.filter(({ status }) => status !== "ok")
}
