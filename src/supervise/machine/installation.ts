import { existsSync, realpathSync } from "node:fs"
import { findPackageJSON } from "node:module"
import { dirname, join } from "node:path"
import { upgradeCommand } from "../../domain/installing.ts"
import type { RunCommand } from "./run-command.ts"
import type { ServiceUser } from "./service-user.ts"

/** Absolute paths of what a service definition starts. */
export interface Installation {
  readonly node: string
  readonly launcher: string
}

/** Links to the present Node of a package manager, where the real path has a version in it. */
const stableLinks = ["/usr/local/bin/node", "/usr/bin/node", "/opt/homebrew/bin/node", "/opt/local/bin/node"]

/** This program, and the Node that runs it. */
export function thisInstallation(): Installation {
  const manifest = findPackageJSON(import.meta.url)
  if (manifest === undefined) throw new Error("the program is not complete: its package.json is missing")
  return {
    node: stableNode(process.execPath),
    launcher: join(dirname(manifest), "bin", "ai-agent-proxy.cjs"),
  }
}

/** A path of the same Node that survives its upgrade, where there is one. */
export function stableNode(execPath: string, links: readonly string[] = stableLinks): string {
  const real = realpathSync(execPath)
  return links.find((link) => existsSync(link) && realpathSync(link) === real) ?? execPath
}

/** It runs from a cache, which is cleaned at times. */
export function isTemporary({ launcher }: Installation): boolean {
  return /\/_npx\//.test(launcher)
}

/**
 * What will move under a service: the folder of a version manager's Node is removed by an upgrade,
 * npx's cache by a clean-up. A sentence for people; null: nothing known.
 */
export function movingPart(installation: Installation): string | null {
  const { node, launcher } = installation
  if (isTemporary(installation)) {
    return `The service would run from npx's cache (${launcher}), which is cleaned at times. Install it from a checkout: ${upgradeCommand}`
  }
  const manager = /\/(\.nvm|\.?fnm|\.?volta|\.?asdf|\.?mise|\.nodenv|n\/versions|Cellar|nvm)\//.exec(
    node,
  )?.[1]
  if (manager === undefined) return null
  return `Node comes from a version manager (${node}). After an upgrade of it, when that path is gone, run: ai-agent-proxy restart`
}

/** Whether a version is after another; a pre-release (`1.3.0-rc.1`) counts as what it leads to. */
export function isNewer(version: string, than: string): boolean {
  const [left, right] = [numbersOf(version), numbersOf(than)]
  for (const [index, number] of left.entries()) {
    const other = right[index] ?? 0
    if (number !== other) return number > other
  }
  return false
}

function numbersOf(version: string): readonly number[] {
  const [plain = ""] = version.split(/[-+]/)
  return plain.split(".").map((part) => Number.parseInt(part, 10) || 0)
}

/** How a start of the program went: its version, or why it does not work. */
type ProgramTrial =
  | { readonly version: string; readonly problem: null }
  | { readonly version: null; readonly problem: string }

/** Starts the program as the service will be: as that user, in that environment. */
export async function tryProgram(
  { node, launcher }: Installation,
  user: Pick<ServiceUser, "uid" | "gid" | "homeDir">,
  environment: Readonly<Record<string, string>>,
  run: RunCommand,
): Promise<ProgramTrial> {
  const isOther = process.geteuid?.() === 0 && user.uid !== 0
  const result = await run(node, [launcher, "--version"], {
    env: environment,
    cwd: "/",
    timeoutMs: 30_000,
    ...(isOther ? { uid: user.uid, gid: user.gid } : {}),
  })
  if (result.exitCode === 0) return { version: result.stdout.trim(), problem: null }
  if (result.isMissing) return { version: null, problem: `${node} does not exist` }
  const reason = result.stderr.trim().split("\n").at(-1) ?? ""
  const silent = result.exitCode === null ? "it did not answer in time" : `exit code ${result.exitCode}`
  return { version: null, problem: reason === "" ? silent : reason }
}
