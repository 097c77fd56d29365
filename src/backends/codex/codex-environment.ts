import { readFileSync } from "node:fs"
import path from "node:path"
import { childEnvironment } from "../child-environment.ts"
import { providerKeyNames } from "./provider-key.ts"

/** The environment of a codex process: the allow-list, and the variables that the user's codex configuration names. */
export function codexEnvironment(
  source: NodeJS.ProcessEnv,
  passEnv: readonly string[],
): Record<string, string> {
  return childEnvironment(source, [...passEnv, ...providerKeyNames(readCodexConfig(source))])
}

function readCodexConfig(source: NodeJS.ProcessEnv): string {
  const home = source.CODEX_HOME || (source.HOME ? path.join(source.HOME, ".codex") : null)
  if (home === null) return ""
  try {
    return readFileSync(path.join(home, "config.toml"), "utf8")
  } catch {
    // No configuration is the normal case of a fresh log-in.
    return ""
  }
}
