import { kindOfProgram } from "../../backends/create-backend.ts"
import type { Config } from "../../config/config.ts"
import { demoCli } from "../../domain/agent-clis.ts"
import { fullReason } from "../../domain/backend.ts"
import { refusedArgument } from "../../programs/cli-arguments.ts"
import { findExecutable, isThere } from "../../programs/find-executable.ts"
import { failure, type HealthCheck, ok, warning } from "../machine/health-check.ts"
import { pathWithCli } from "../machine/path-with-cli.ts"
import { checkBackend } from "./check-backend.ts"

type Environment = Readonly<Record<string, string>>

/** A CLI, and the agents that run on it. */
export interface CliToCheck {
  readonly agents: readonly string[]
  readonly executable: string
  readonly args: readonly string[]
  /** See `AgentBackendOptions`. */
  readonly kind: string | null
  readonly model: string | null
  readonly passEnv: readonly string[]
}

export interface CliCheckOptions {
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

/** A CLI in the environment of the service: there, logged in and, with `isTurnWanted`, able to answer. */
export async function checkCli(
  { agents, executable, args, kind, model, passEnv }: CliToCheck,
  environment: Environment,
  { isTurnWanted, terminalPath }: CliCheckOptions,
): Promise<readonly HealthCheck[]> {
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
  const { program, limitation, problem, answer } = await checkBackend({
    executable,
    args,
    kind,
    env: environment,
    passEnv,
    model,
    isTurnWanted,
  })
  const found = program === null ? place : ok("cli", `${place.message} (${program})`)
  const dropped = refusedArgument(kind ?? kindOfProgram(executable), args)
  const warnings = dropped === null ? [] : [warning("cli", `\`cli\`: ${dropped}`, remedies.dropped)]
  // A CLI that became ready and failed in its turn has a program, one that did not become ready has none.
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
