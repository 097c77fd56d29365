import { existsSync } from "node:fs"
import { isAbsolute, join } from "node:path"
import type { CliCommand } from "../../config/cli-commands.ts"
import { demoCli } from "../../domain/agent-clis.ts"
import { findExecutable } from "../../programs/find-executable.ts"
import { lastingPath } from "./service-environment.ts"

/** Where installers put agent CLIs; not on the PATH of every shell that `enable` may come from (cron, ssh HOST COMMAND). */
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
 * A PATH for the service on which its CLI is found: of the first of `paths` that has it, together with those before; else all
 * of them and a folder where such programs usually are. What the others have is behind it, as far as it still exists: agents
 * may have other CLIs there. Null: it is nowhere.
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

/** All of the first, and of the others what still exists: where the CLI is nowhere, that is no reason to lose the rest. */
export function joinedPath([first = "", ...others]: readonly (string | undefined)[]): string {
  return lastingPath([first, ...others.flatMap((path) => existingFolders(path ?? ""))].join(":"))
}

function existingFolders(path: string): readonly string[] {
  return path.split(":").filter((folder) => isAbsolute(folder) && existsSync(folder))
}
