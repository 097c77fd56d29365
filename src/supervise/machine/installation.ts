import { existsSync, realpathSync } from "node:fs"
import { findPackageJSON } from "node:module"
import { dirname, join } from "node:path"
import { upgradeCommand } from "../../domain/installing.ts"

/** Absolute paths of what a service definition starts. */
export interface Installation {
  readonly node: string
  readonly launcher: string
}

/** Links that a package manager keeps pointing at its present Node, where the real path has a version in it. */
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
 * What will move under a service: the folder of a version manager's Node is removed by an upgrade, npx's cache by a clean-up.
 * A sentence for people; null: nothing known.
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
