import { existsSync, realpathSync } from "node:fs"
import { dirname, isAbsolute, join } from "node:path"
import type { CliCommand } from "../../config/cli-commands.ts"
import { demoCli } from "../../domain/agent-clis.ts"
import { agentVariables } from "../../programs/child-environment.ts"
import { codexEnvironment } from "../../programs/codex-environment.ts"
import { findExecutable } from "../../programs/find-executable.ts"
import type { ServiceUser } from "./service-user.ts"

/** Of a session, a terminal or a boot: in a service they would point at something that is gone. */
const sessionNames = new Set([
  "TERM",
  "COLORTERM",
  "TMPDIR",
  "TMP",
  "TEMP",
  "DBUS_SESSION_BUS_ADDRESS",
  "SSH_AUTH_SOCK",
  "XDG_RUNTIME_DIR",
  "XDG_SEAT",
  "XDG_VTNR",
  "XDG_CURRENT_DESKTOP",
])
const sessionPrefix = "XDG_SESSION_"

/** Who `enable` is typed by, where an agent types it. */
const agentNames = new Set<string>(Object.values(agentVariables))

/** Where programs are on every machine. */
const commonFolders = ["/usr/local/bin", "/usr/bin", "/bin"]

/**
 * What the service and its agents need from a person's environment: the PATH that finds the CLI,
 * log-ins (also those that the configuration of codex names), proxies, language. Through the same
 * list as an agent's own environment; settings of this service and an agent's name and token are
 * not part of it.
 */
export function captureEnvironment(
  source: NodeJS.ProcessEnv,
  user: ServiceUser,
  passEnv: readonly string[],
): Record<string, string> {
  const captured: Record<string, string> = {}
  const ofUser = { ...source, HOME: user.homeDir }
  for (const [name, value] of Object.entries(codexEnvironment(ofUser, passEnv))) {
    if (agentNames.has(name)) continue
    const isOfSession = sessionNames.has(name) || name.startsWith(sessionPrefix)
    if (!isOfSession || passEnv.includes(name)) captured[name] = value
  }
  return {
    ...captured,
    PATH: lastingPath(source.PATH ?? ""),
    HOME: user.homeDir,
    USER: user.name,
    LOGNAME: user.name,
    ...(user.shell === null ? {} : { SHELL: user.shell }),
  }
}

/**
 * A PATH that is still right after a reboot: absolute folders, each once; links of one shell
 * session (fnm makes them in /run or /tmp) resolved, and folders of one codex process (of whose
 * shell this may be) left out. The folder of our own Node is at its end, for CLIs that begin with
 * `#!/usr/bin/env node`.
 */
export function lastingPath(path: string, nodePath: string = process.execPath): string {
  const folders = path
    .split(":")
    .filter((folder) => isAbsolute(folder) && !/\/tmp\/arg0\/codex-arg0/.test(folder))
  return [...new Set([...folders.map(lastingFolder), ...commonFolders, dirname(nodePath)])].join(":")
}

function lastingFolder(folder: string): string {
  if (!/^\/(run|tmp|var\/run)\/|fnm_multishells/.test(folder)) return folder
  try {
    return realpathSync(folder)
  } catch {
    // Gone already; a PATH may have folders that are not there.
    return folder
  }
}

/** Where installers put agent CLIs; not on the PATH of every shell (cron, ssh HOST COMMAND). */
const usualFolders = [
  ".local/bin",
  "bin",
  ".npm-global/bin",
  ".bun/bin",
  ".opencode/bin",
  ".claude/local",
  ".volta/bin",
]
const sharedFolders = ["/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin", "/snap/bin"]

/**
 * A PATH for the service on which its CLI is found: of the first of `paths` that has it, together
 * with those before; else all of them and a folder where such programs usually are. What the others
 * have is behind it, as far as it still exists: agents may have other CLIs there. Null: it is
 * nowhere.
 */
export function pathWithCli(
  cli: string,
  paths: readonly (string | undefined)[],
  homeDir: string,
): string | null {
  const known = paths.map((path) => path ?? "")
  const folders = [...usualFolders.map((folder) => join(homeDir, folder)), ...sharedFolders]
  const candidates = [
    ...known.map((_, index) => known.slice(0, index + 1)),
    ...folders.map((folder) => [...known, folder]),
  ].map((parts) => lastingPath(parts.join(":")))
  const found = candidates.find((path) => findExecutable(cli, path) !== null)
  return found === undefined ? null : lastingPath([found, ...known.flatMap(existingFolders)].join(":"))
}

/** The same for the first of several commands that is anywhere; the built-in demo is everywhere. */
export function pathWithAny(
  commands: readonly CliCommand[],
  paths: readonly (string | undefined)[],
  homeDir: string,
): string | null {
  for (const { program } of commands) {
    if (program === demoCli) return joinedPath(paths)
    const path = pathWithCli(program, paths, homeDir)
    if (path !== null) return path
  }
  return null
}

/** All of the first, and of the others what still exists: without the CLI the rest still counts. */
export function joinedPath([first = "", ...others]: readonly (string | undefined)[]): string {
  return lastingPath([first, ...others.flatMap((path) => existingFolders(path ?? ""))].join(":"))
}

function existingFolders(path: string): readonly string[] {
  return path.split(":").filter((folder) => isAbsolute(folder) && existsSync(folder))
}
