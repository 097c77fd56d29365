import { checkBackend } from "../backends/check-backend.ts"
import { findExecutable } from "../backends/find-executable.ts"
import type { Config } from "../config/config.ts"
import { failure, type HealthCheck, ok } from "./health-check.ts"
import { pathWithCli } from "./path-with-cli.ts"

/** Whether the manager's CLI is where the service looks. `terminalPath`: of this command, which may find what that does not. */
export function checkCliPlace(
  { cli }: Config,
  environment: Readonly<Record<string, string>>,
  terminalPath: string | undefined,
): HealthCheck {
  const file = findExecutable(cli, environment.PATH)
  return file === null ? missing(cli, environment, terminalPath) : ok("cli", file)
}

/** The manager's CLI in the environment of the service: there, logged in and, with `isTurnWanted`, able to answer. */
export async function checkCli(
  config: Config,
  environment: Readonly<Record<string, string>>,
  options: { readonly isTurnWanted: boolean; readonly terminalPath: string | undefined },
): Promise<readonly HealthCheck[]> {
  const place = checkCliPlace(config, environment, options.terminalPath)
  if (place.status !== "ok") return [place]
  const { program, problem, answer } = await checkBackend({
    executable: config.cli,
    env: environment,
    passEnv: config.passEnv,
    model: config.model,
    isTurnWanted: options.isTurnWanted,
  })
  const found = program === null ? place : ok("cli", `${place.message} (${program})`)
  // A CLI that became ready and failed in its turn has a program, one that did not become ready has none.
  if (program === null && problem !== null) {
    return [found, failure("login", problem.reason, problem.nextStep)]
  }
  const checks = [found, ok("login", "the CLI says that it is ready")]
  if (problem !== null) checks.push(failure("turn", problem.reason, problem.nextStep))
  else if (answer !== null) checks.push(ok("turn", `it answered: ${answer.trim().slice(0, 80)}`))
  return checks
}

function missing(
  cli: string,
  environment: Readonly<Record<string, string>>,
  terminalPath: string | undefined,
): HealthCheck {
  const path = pathWithCli(cli, [terminalPath], environment.HOME ?? "/")
  const here = path === null ? null : findExecutable(cli, path)
  if (here !== null) {
    return failure(
      "cli",
      `\`${cli}\` is at ${here} now, where the service does not look`,
      "ai-agent-proxy restart",
    )
  }
  return failure(
    "cli",
    `\`${cli}\` is not on the PATH of the service (${environment.PATH ?? "none"})`,
    `install it (codex: npm install -g @openai/codex), or name it: ai-agent-proxy enable --cli /full/path`,
  )
}
