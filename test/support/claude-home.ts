import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { claudeEnvironment } from "../../src/backends/claude/installed.ts"
import { createTempDir } from "./temp-dir.ts"

export interface ClaudeHome {
  /** `CLAUDE_CONFIG_DIR`. */
  readonly home: string
  /** The whole environment for claude: it must not inherit the tester's own keys and settings. */
  readonly env: Record<string, string>
  /** An MCP server of the person's own (`claude mcp add --scope user`), for what is started from now on. */
  addMcpServer(command: readonly string[]): Promise<void>
  remove(): Promise<void>
}

/** A claude set up for the scripted model, with telemetry, updates and every other call to the outside turned off. */
export async function createClaudeHome(options: { readonly modelUrl: string }): Promise<ClaudeHome> {
  const folder = await createTempDir("claude")
  const home = join(folder.path, "claude-home")
  const userHome = join(folder.path, "home")
  await mkdir(home)
  await mkdir(userHome)
  const source = {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: userHome,
    LANG: "C.UTF-8",
    SHELL: "/bin/bash",
    CLAUDE_CONFIG_DIR: home,
    ANTHROPIC_BASE_URL: options.modelUrl.replace(/\/v1$/, ""),
    ANTHROPIC_API_KEY: "scripted-key",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
  }
  const addMcpServer = async ([command, ...args]: readonly string[]) => {
    const file = join(home, ".claude.json")
    const known = existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : {}
    const own = { type: "stdio", command, args, env: {} }
    await writeFile(file, JSON.stringify({ ...known, mcpServers: { own } }))
  }
  return { home, env: claudeEnvironment(source, []), addMcpServer, remove: folder.remove }
}
