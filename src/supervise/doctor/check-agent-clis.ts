import { existsSync } from "node:fs"
import { kindOfProgram } from "../../backends/create-backend.ts"
import { agentCommands, type CliCommand } from "../../config/cli-commands.ts"
import type { Config } from "../../config/config.ts"
import { demoCli } from "../../domain/agent-clis.ts"
import { type AgentSettings, fullReason } from "../../domain/agents.ts"
import { messageOf } from "../../domain/errors.ts"
import { refusedArgument } from "../../programs/cli-arguments.ts"
import { findExecutable, isThere } from "../../programs/find-executable.ts"
import { defaultSettings } from "../../workspace/agent/agent-control.ts"
import { type RosterEntry, RosterFolder } from "../../workspace/home/roster-folder.ts"
import { failure, type HealthCheck, ok, warning } from "../machine/health-check.ts"
import { pathWithCli } from "../machine/service-environment.ts"
import { type BackendCheckOptions, checkBackend } from "./check-backend.ts"

type Environment = Readonly<Record<string, string>>

/**
 * The CLIs of all agents that should run, in the environment of the service, each once: the
 * manager's first, which is `cli`, `login` and `turn` in the result; those that others have beside
 * it are `agents`.
 */
export async function checkAgentClis(
  config: Config,
  environment: Environment,
  options: CliCheckOptions,
): Promise<readonly HealthCheck[]> {
  const checks: HealthCheck[] = []
  const clis = new Map<string, { readonly choices: readonly Choice[]; readonly agents: string[] }>()
  const add = (id: string, settings: AgentSettings): void => {
    const choices = choicesOf(settings, config, environment)
    const key = JSON.stringify(choices.map(({ kind, executable, args }) => [kind, executable, args]))
    const known = clis.get(key)
    if (known === undefined) clis.set(key, { choices, agents: [id] })
    else known.agents.push(id)
  }
  for (const { id, workspace, settings, problem } of await agentsOf(config.home)) {
    if (problem !== null) {
      checks.push(warning("agents", problem, "correct the file; until then the last good state is in force"))
    }
    if (settings?.desiredState !== "running") continue
    try {
      add(id, settings)
    } catch (error) {
      const next = `correct ${workspace}/control/agent.json`
      checks.push(failure("agents", `${id}: \`cli\` cannot be used: ${messageOf(error)}`, next))
    }
  }
  // One after the other: each starts a program, and some take hundreds of megabytes.
  for (const { choices, agents } of clis.values()) checks.push(...(await checkChoices(choices, agents)))
  return checks

  /** As the service chooses: the first that is ready, else the first. */
  async function checkChoices(
    choices: readonly Choice[],
    agents: readonly string[],
  ): Promise<readonly HealthCheck[]> {
    let first: readonly HealthCheck[] | null = null
    for (const choice of choices) {
      const found = await checkCli(choice, agents, environment, options)
      if (found.every(({ status }) => status !== "failure")) return found
      first ??= found
    }
    return first ?? []
  }
}

/** A CLI that agents may be run by. */
type Choice = Omit<BackendCheckOptions, "env" | "isTurnWanted">

interface AgentToCheck extends Pick<RosterEntry, "id" | "workspace" | "problem"> {
  readonly settings: AgentSettings | null
}

/** As their folders say; the manager, which the service makes if it is not there, the first. */
async function agentsOf(home: string): Promise<readonly AgentToCheck[]> {
  const folder = new RosterFolder(home, () => {})
  // What is wrong with the home itself is told by other checks.
  if (existsSync(home)) await folder.read().catch(() => {})
  const found = folder.entries.map((entry) => ({ ...entry, settings: entry.control }))
  if (found[0]?.id === "manager") return found
  return [{ id: "manager", workspace: `${home}/manager`, settings: defaultSettings, problem: null }, ...found]
}

/** Those that are there, else the first. Throws `SyntaxError` for a `cli` that names no program. */
function choicesOf(
  { cli, backend, model, env }: AgentSettings,
  config: Config,
  environment: Environment,
): readonly Choice[] {
  const commands = cli === null ? config.cliCommands : agentCommands(cli, environment.HOME ?? "/")
  const there = commands.filter(({ program }) => isThere(program, environment.PATH))
  const chosen: readonly CliCommand[] = there.length === 0 ? commands.slice(0, 1) : there
  return chosen.map(({ program, args }) => ({
    executable: program,
    args,
    kind: backend,
    model: model ?? config.model,
    passEnv: [...config.passEnv, ...env],
  }))
}

interface CliCheckOptions {
  /** Whether it is to answer one word, too. */
  readonly isTurnWanted: boolean
  /** Of this command, which may find what the service does not. */
  readonly terminalPath: string | undefined
}

interface Remedies {
  /** It is on the PATH of the terminal only. */
  readonly moved: string
  /** It is nowhere, and not to be installed. */
  readonly named: string
  /** Arguments of it are not passed on. */
  readonly dropped: string
}

const managersRemedies: Remedies = {
  moved: "ai-agent-proxy restart",
  named: "name it: ai-agent-proxy enable --cli /full/path",
  dropped: "leave it out: ai-agent-proxy enable --cli PROGRAM",
}

/** `restart` looks for the manager's CLI only; `enable` takes the whole PATH of the terminal. */
function remediesOf(agents: readonly string[]): Remedies {
  if (agents.includes("manager")) return managersRemedies
  const file = `control/agent.json of ${agents.join(", ")}`
  return {
    moved: "ai-agent-proxy enable",
    named: `name it in ${file}`,
    dropped: `leave it out of \`cli\` in ${file}`,
  }
}

/** Whether the manager's CLI is where the service looks. */
export function checkCliPlace(
  { cli, cliCommands }: Config,
  environment: Environment,
  terminalPath: string | undefined,
): HealthCheck {
  const found = cliCommands.find(({ program }) => isThere(program, environment.PATH))
  return placeOf(found?.program ?? cli, environment, terminalPath, managersRemedies)
}

/** A CLI as the service has it: there, logged in and, with `isTurnWanted`, able to answer. */
async function checkCli(
  choice: Choice,
  agents: readonly string[],
  environment: Environment,
  { isTurnWanted, terminalPath }: CliCheckOptions,
): Promise<readonly HealthCheck[]> {
  const { executable, kind, args = [] } = choice
  const isManagers = agents.includes("manager")
  const whose = isManagers ? "" : `${agents.join(", ")}: `
  const name = (own: string) => (isManagers ? own : "agents")
  const named = (check: HealthCheck): HealthCheck => ({
    ...check,
    name: name(check.name),
    message: whose + check.message,
  })
  const remedies = remediesOf(agents)
  const place = placeOf(executable, environment, terminalPath, remedies)
  if (place.status !== "ok") return [named(place)]
  const asked = { ...choice, env: environment, isTurnWanted }
  const { program, limitation, problem, answer } = await checkBackend(asked)
  const found = program === null ? place : ok("cli", `${place.message} (${program})`)
  const dropped = refusedArgument(kind ?? kindOfProgram(executable), args)
  const warnings = dropped === null ? [] : [warning("cli", `\`cli\`: ${dropped}`, remedies.dropped)]
  // A CLI that became ready and failed in its turn has a program, one that did not become ready has
  // none.
  if (program === null && problem !== null) {
    return [found, ...warnings, failure("login", fullReason(problem), problem.nextStep)].map(named)
  }
  const checks = [found, ...warnings, ok("login", "the CLI says that it is ready")]
  if (limitation !== undefined) checks.push(warning("cli", fullReason(limitation), limitation.nextStep))
  if (problem !== null) checks.push(failure("turn", fullReason(problem), problem.nextStep))
  else if (answer !== null) checks.push(ok("turn", `it answered: ${answer.trim().slice(0, 80)}`))
  return checks.map(named)
}

function placeOf(
  cli: string,
  environment: Environment,
  terminalPath: string | undefined,
  { moved, named }: Remedies,
): HealthCheck {
  if (cli === demoCli) return ok("cli", "the built-in demo agent")
  const file = findExecutable(cli, environment.PATH)
  if (file !== null) return ok("cli", file)
  const path = pathWithCli(cli, [terminalPath], environment.HOME ?? "/")
  const here = path === null ? null : findExecutable(cli, path)
  if (here !== null) {
    return failure("cli", `\`${cli}\` is at ${here} now, where the service does not look`, moved)
  }
  return failure(
    "cli",
    `\`${cli}\` is not on the PATH of the service (${environment.PATH ?? "none"})`,
    `install it (codex: npm install -g @openai/codex), or ${named}`,
  )
}
