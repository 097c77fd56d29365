import { parse, type TomlTable, type TomlValue } from "smol-toml"
import type { OwnConfig } from "./protocol.ts"

/**
 * Names of the environment variables that the user's own `config.toml` reads: the key of a custom model provider
 * (`env_key`), headers taken from variables (`env_http_headers`), and the tokens of MCP servers
 * (`bearer_token_env_var`, `env_vars`). Without them a codex that works in the user's shell fails as our child.
 * A file that is not TOML gives none: codex says itself what is wrong with it.
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

type Params = Readonly<Record<string, unknown>>

/** They are codex's own, and it refuses a configuration that changes them. */
const builtIn: ReadonlySet<string> = new Set(["openai", "ollama", "lmstudio", "amazon-bedrock"])

/**
 * Configuration of a thread that has codex wait longer for a model which thinks without a sign: after 300 s it gives up and asks
 * anew otherwise. Our own clock (`limits.silence_ms`) ends what is silent for too long, and says so. Empty where the person has
 * set the limit, and for codex's built-in providers.
 */
export function patientProvider(config: OwnConfig, streamIdleMs: number): Params {
  const name = config.model_provider ?? "openai"
  const provider = config.model_providers?.[name]
  if (provider === undefined || builtIn.has(name) || provider.stream_idle_timeout_ms != null) return {}
  return { model_providers: { [name]: { stream_idle_timeout_ms: streamIdleMs } } }
}
