import { existsSync } from "node:fs"
import { agentCommands } from "../../config/agent-commands.ts"
import type { CliCommand } from "../../config/cli-commands.ts"
import type { Config } from "../../config/config.ts"
import type { AgentSettings } from "../../domain/agents.ts"
import { messageOf } from "../../domain/errors.ts"
import { isThere } from "../../programs/find-executable.ts"
import { defaultSettings } from "../../workspace/agent/agent-control.ts"
import { RosterFolder } from "../../workspace/home/roster-folder.ts"
import { failure, type HealthCheck, warning } from "../machine/health-check.ts"
import { type CliCheckOptions, type CliToCheck, checkCli } from "./check-cli.ts"

type Environment = Readonly<Record<string, string>>

/**
 * The CLIs of all agents that should run, in the environment of the service, each once: the manager's first, which is `cli`, `login`
 * and `turn` in the result; those that others have beside it are `agents`.
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
      const found = await checkCli({ ...choice, agents }, environment, options)
      if (found.every(({ status }) => status !== "failure")) return found
      first ??= found
    }
    return first ?? []
  }
}

type Choice = Omit<CliToCheck, "agents">

interface AgentToCheck {
  readonly id: string
  readonly workspace: string
  readonly settings: AgentSettings | null
  readonly problem: string | null
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

/** What is there of what it may be run by, else the first. Throws `SyntaxError` for a `cli` that names no program. */
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
