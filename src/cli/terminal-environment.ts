import { loginEnvironment } from "../supervise/login-environment.ts"
import { runCommand } from "../supervise/run-command.ts"
import { lastingPath } from "../supervise/service-environment.ts"
import type { ServiceUser } from "../supervise/service-user.ts"
import { printLine } from "./print.ts"
import { isRoot } from "./service-context.ts"

/** This process's own; under sudo that of the user's terminal, which sudo has replaced. */
export async function terminalEnvironment(user: ServiceUser): Promise<NodeJS.ProcessEnv> {
  if (!isRoot() || user.uid === 0) return process.env
  const login = await loginEnvironment(user, runCommand)
  if (login === null) {
    printLine(
      `The shell of ${user.name} (${user.shell ?? "none"}) did not tell its environment; the PATH of this command is used.`,
    )
  }
  const own = Object.entries(process.env).filter(([name]) => name.startsWith("AI_AGENT_PROXY_"))
  const path = [login?.PATH ?? "", process.env.PATH ?? ""].join(":")
  return { ...(login ?? {}), ...Object.fromEntries(own), PATH: lastingPath(path) }
}
