import { existsSync } from "node:fs"
import type { Config } from "../config/config.ts"
import { argumentsOf } from "../config/executable-of.ts"
import { programPath } from "../config/program-path.ts"
import type { AgentSettings } from "../domain/agents.ts"
import { messageOf } from "../domain/errors.ts"
import { defaultSettings } from "../workspace/agent-control.ts"
import { RosterFolder } from "../workspace/roster-folder.ts"
import { type CliCheckOptions, type CliToCheck, checkCli } from "./check-cli.ts"
import { failure, type HealthCheck, warning } from "./health-check.ts"

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
  const clis = new Map<string, CliToCheck & { readonly agents: string[] }>()
  const add = (id: string, settings: AgentSettings): void => {
    const cli = cliOf(settings, config, environment)
    const key = JSON.stringify([cli.kind, cli.executable, cli.args])
    const known = clis.get(key)
    if (known === undefined) clis.set(key, { ...cli, agents: [id] })
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
  for (const cli of clis.values()) checks.push(...(await checkCli(cli, environment, options)))
  return checks
}

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

/** Throws `SyntaxError` for a `cli` that names no program. */
function cliOf(
  { cli, backend, model, env }: AgentSettings,
  config: Config,
  environment: Environment,
): Omit<CliToCheck, "agents"> {
  return {
    executable: cli === null ? config.cli : programPath(cli, environment.HOME ?? "/"),
    args: cli === null ? [] : argumentsOf(cli),
    kind: backend,
    model: model ?? config.model,
    passEnv: [...config.passEnv, ...env],
  }
}
