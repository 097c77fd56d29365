import { realpathSync } from "node:fs"
import { dirname, isAbsolute } from "node:path"
import { agentVariables } from "../../programs/child-environment.ts"
import { codexEnvironment } from "../../programs/codex-environment.ts"
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
 * What the service and its agents need from a person's environment: the PATH that finds the CLI, log-ins (also those that
 * the configuration of codex names), proxies, language. Through the same list as an agent's own environment; settings of
 * this service and an agent's name and token are not part of it.
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
 * A PATH that is still right after a reboot: absolute folders, each once; links of one shell session (fnm makes them in
 * /run or /tmp) resolved, and folders of one codex process (of whose shell this may be) left out. The folder of our own Node is at its end, for CLIs that begin with `#!/usr/bin/env node`.
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
