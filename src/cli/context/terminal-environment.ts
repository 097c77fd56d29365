import { type RunCommand, runCommand } from "../../supervise/machine/run-command.ts"
import { lastingPath } from "../../supervise/machine/service-environment.ts"
import type { ServiceUser } from "../../supervise/machine/service-user.ts"
import { note } from "../io/print.ts"
import { isRoot } from "./installed-service.ts"

/** This process's own; under sudo that of the user's terminal, which sudo has replaced. */
export async function terminalEnvironment(user: ServiceUser): Promise<NodeJS.ProcessEnv> {
  if (!isRoot() || user.uid === 0) return process.env
  const login = await loginEnvironment(user, runCommand)
  if (login === null) {
    note(
      `The shell of ${user.name} (${user.shell ?? "none"}) did not tell its environment; the PATH of this command is used.`,
    )
  }
  const own = Object.entries(process.env).filter(([name]) => name.startsWith("AI_AGENT_PROXY_"))
  const path = [login?.PATH ?? "", process.env.PATH ?? ""].join(":")
  return { ...(login ?? {}), ...Object.fromEntries(own), PATH: lastingPath(path) }
}

const shellTimeoutMs = 15_000
/** Carries the inner shell's command, so that no shell has to quote it for another. */
const commandVariable = "AI_AGENT_PROXY_PRINT"
const begin = "ai-agent-proxy-environment>"
const end = "<ai-agent-proxy-environment"

/**
 * The environment that a user's terminal has: sudo drops it, and PATH entries of version managers
 * and the like are set in the shell's files. A terminal is a shell in a session: one reads the
 * files of a log-in, the other those of interactive shells, and some people have things in one of
 * them only. Null when the shell does not say it in time.
 */
async function loginEnvironment(
  user: ServiceUser,
  run: RunCommand,
): Promise<Readonly<Record<string, string>> | null> {
  if (user.shell === null || user.shell === "") return null
  // Without the command itself, which has the two marks in it.
  const print = `delete process.env.${commandVariable};process.stdout.write(${JSON.stringify(begin)}+JSON.stringify(process.env)+${JSON.stringify(end)})`
  const { stdout } = await run(user.shell, ["-i", "-l", "-c", `exec "$SHELL" -i -c "$${commandVariable}"`], {
    env: {
      HOME: user.homeDir,
      USER: user.name,
      LOGNAME: user.name,
      SHELL: user.shell,
      PATH: "/usr/local/bin:/usr/bin:/bin",
      TERM: "dumb",
      [commandVariable]: `'${process.execPath}' -e '${print}'`,
    },
    uid: user.uid,
    gid: user.gid,
    cwd: "/",
    timeoutMs: shellTimeoutMs,
  })
  // What the shell's files print stands around it.
  const from = stdout.indexOf(begin)
  const to = stdout.indexOf(end)
  if (from === -1 || to < from) return null
  try {
    // Written by `JSON.stringify(process.env)` above.
    return JSON.parse(stdout.slice(from + begin.length, to)) as Record<string, string>
  } catch {
    return null
  }
}
