import { appendFile, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createTempDir } from "./temp-dir.ts"

export interface CodexHome {
  /** `CODEX_HOME`. */
  readonly home: string
  /** The whole environment for codex: it must not inherit the tester's own keys and settings. */
  readonly env: Record<string, string>
  /** An MCP server of the person's own, for what is started from now on. */
  addMcpServer(command: readonly string[]): Promise<void>
  remove(): Promise<void>
}

export interface CodexHomeOptions {
  /** `ModelServer.url`. */
  readonly modelUrl: string
  /**
   * The name selects codex's tool mode: `scripted-1` (unknown) and `gpt-5.5` list functions, `gpt-6-sol` is code mode. Null
   * writes no model, which is code mode too. Default: `scripted-1`.
   */
  readonly model?: string | null
  readonly requestMaxRetries?: number
  readonly streamMaxRetries?: number
  /** How long a started stream may be silent, in milliseconds. Default: codex's own. */
  readonly streamIdleTimeoutMs?: number
  /** More TOML, put at the end (so it may open tables). */
  readonly extraToml?: string
}

/** A codex set up for the scripted model, with telemetry, update checks and every other call to the outside turned off. */
export async function createCodexHome(options: CodexHomeOptions): Promise<CodexHome> {
  const folder = await createTempDir("codex")
  const home = join(folder.path, "codex-home")
  const userHome = join(folder.path, "home")
  await mkdir(home)
  await mkdir(userHome)
  await writeFile(join(home, "config.toml"), configToml(options))
  return {
    home,
    env: {
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      HOME: userHome,
      LANG: "C.UTF-8",
      SHELL: "/bin/bash",
      CODEX_HOME: home,
      SCRIPTED_MODEL_KEY: "scripted-key",
    },
    addMcpServer: ([command, ...args]) =>
      appendFile(
        join(home, "config.toml"),
        `\n[mcp_servers.own]\ncommand = ${JSON.stringify(command)}\nargs = ${JSON.stringify(args)}\n`,
      ),
    remove: folder.remove,
  }
}

function configToml(options: CodexHomeOptions): string {
  const model = options.model === undefined ? "scripted-1" : options.model
  const lines = [
    ...(model === null ? [] : [`model = ${JSON.stringify(model)}`]),
    'model_provider = "scripted"',
    "check_for_update_on_startup = false",
    "",
    "[model_providers.scripted]",
    'name = "scripted"',
    `base_url = ${JSON.stringify(options.modelUrl)}`,
    'wire_api = "responses"',
    'env_key = "SCRIPTED_MODEL_KEY"',
    `request_max_retries = ${options.requestMaxRetries ?? 0}`,
    `stream_max_retries = ${options.streamMaxRetries ?? 1}`,
    ...(options.streamIdleTimeoutMs === undefined
      ? []
      : [`stream_idle_timeout_ms = ${options.streamIdleTimeoutMs}`]),
    "",
    "[analytics]",
    "enabled = false",
    "",
    "[feedback]",
    "enabled = false",
    "",
    "[otel]",
    'exporter = "none"',
    'metrics_exporter = "none"',
    "",
    options.extraToml ?? "",
  ]
  return lines.join("\n")
}
