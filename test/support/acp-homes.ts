import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { createTempDir } from "./temp-dir.ts"

export interface AcpHome {
  /** `HOME` of the CLI: its records are below. */
  readonly home: string
  /** The whole environment: it must not inherit the tester's own keys and settings. */
  readonly env: Record<string, string>
  /** An MCP server of the person's own, for what is started from now on. */
  addMcpServer(command: readonly string[]): Promise<void>
  remove(): Promise<void>
}

/** A CLI set up for the scripted model (`modelUrl` is `ModelServer.url`), with every call to the outside turned off. */
export async function createAcpHome(
  cli: "gemini" | "opencode" | "copilot",
  modelUrl: string,
): Promise<AcpHome> {
  const folder = await createTempDir(cli)
  const home = join(folder.path, "home")
  await mkdir(home)
  const base = { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: home, LANG: "C.UTF-8", SHELL: "/bin/bash" }
  const more = await setUps[cli](home, modelUrl)
  const addMcpServer = async (command: readonly string[]) => {
    const [file, fields] = ownServers[cli](home, command)
    await mkdir(dirname(file), { recursive: true })
    const known = existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : {}
    await writeFile(file, JSON.stringify({ ...known, ...fields }))
  }
  return { home, env: { ...base, ...more }, addMcpServer, remove: folder.remove }
}

/** Where each has the person's MCP servers, and how it writes one that is started with `command`. */
const ownServers = {
  gemini: (home: string, [command, ...args]: readonly string[]) =>
    [join(home, ".gemini", "settings.json"), { mcpServers: { own: { command, args } } }] as const,
  opencode: (home: string, command: readonly string[]) =>
    [join(home, "opencode.json"), { mcp: { own: { type: "local", command, enabled: true } } }] as const,
  copilot: (home: string, [command, ...args]: readonly string[]) =>
    [
      join(home, ".copilot", "mcp-config.json"),
      { mcpServers: { own: { type: "local", command, args, tools: ["*"] } } },
    ] as const,
}

const setUps = {
  gemini: async (home: string, modelUrl: string) => {
    await mkdir(join(home, ".gemini"))
    const settings = {
      security: { auth: { selectedType: "gemini-api-key" }, folderTrust: { enabled: false } },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false, maxAttempts: 1 },
    }
    await writeFile(join(home, ".gemini", "settings.json"), JSON.stringify(settings))
    return {
      GOOGLE_GEMINI_BASE_URL: modelUrl.replace(/\/v1$/, ""),
      GEMINI_API_KEY: "scripted-key",
      GEMINI_CLI_HOME: home,
    }
  },

  opencode: async (home: string, modelUrl: string) => {
    const model = {
      tool_call: true,
      reasoning: true,
      attachment: true,
      limit: { context: 2_000_000, output: 8_192 },
    }
    const config = {
      autoupdate: false,
      share: "disabled",
      model: "scripted/scripted-1",
      small_model: "scripted/scripted-1",
      enabled_providers: ["scripted"],
      permission: { "*": "allow" },
      provider: {
        scripted: {
          npm: "@ai-sdk/openai-compatible",
          options: { baseURL: modelUrl, apiKey: "scripted-key" },
          models: {
            "scripted-1": { ...model, modalities: { input: ["text", "image"], output: ["text"] } },
          },
        },
      },
    }
    const file = join(home, "opencode.json")
    await writeFile(file, JSON.stringify(config))
    return {
      OPENCODE_CONFIG: file,
      OPENCODE_DISABLE_AUTOUPDATE: "1",
      OPENCODE_DISABLE_MODELS_FETCH: "1",
      OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
      OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
    }
  },

  copilot: async (_home: string, modelUrl: string) => ({
    COPILOT_OFFLINE: "true",
    COPILOT_PROVIDER_BASE_URL: modelUrl,
    COPILOT_PROVIDER_API_KEY: "scripted-key",
    COPILOT_MODEL: "scripted-1",
    COPILOT_PROVIDER_MAX_PROMPT_TOKENS: "2000000",
  }),
}
