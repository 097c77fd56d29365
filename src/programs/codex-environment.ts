import { readFileSync } from "node:fs"
import path from "node:path"
import { parse, type TomlTable, type TomlValue } from "smol-toml"
import { childEnvironment } from "./child-environment.ts"

/** For codex: the allow-list, and the variables that the user's codex configuration names. */
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

/**
 * Names of the environment variables that the user's own `config.toml` reads: the key of a custom
 * model provider (`env_key`), headers taken from variables (`env_http_headers`), and the tokens of
 * MCP servers (`bearer_token_env_var`, `env_vars`). Without them a codex that works in the user's
 * shell fails as our child. A file that is not TOML gives none: codex says itself what is wrong
 * with it.
 */
export function providerKeyNames(configToml: string): string[] {
  let config: TomlTable
  try {
    config = parse(configToml)
  } catch {
    // codex refuses the file too, with the line; our readiness shows that message.
    return []
  }
  const names = new Set<string>()
  for (const provider of tablesIn(config.model_providers)) {
    addName(names, provider.env_key)
    addAll(names, provider.env_http_headers)
  }
  for (const server of tablesIn(config.mcp_servers)) {
    addName(names, server.bearer_token_env_var)
    addAll(names, server.env_http_headers)
    addAll(names, server.env_vars)
  }
  return [...names]
}

function tablesIn(value: TomlValue | undefined): TomlTable[] {
  return isTable(value) ? Object.values(value).filter(isTable) : []
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function addName(names: Set<string>, value: TomlValue | undefined): void {
  if (typeof value === "string" && value !== "") names.add(value)
}

function addAll(names: Set<string>, value: TomlValue | undefined): void {
  if (typeof value !== "object" || value === null || value instanceof Date) return
  for (const entry of Object.values(value)) addName(names, entry)
}
