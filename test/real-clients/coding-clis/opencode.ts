import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { SetUpCodingCli } from "./coding-cli.ts"

/** As in docs/clients/coding-clis.md. */
function configOf(baseUrl: string): object {
  return {
    provider: {
      agents: {
        npm: "@ai-sdk/openai-compatible",
        options: { baseURL: baseUrl, apiKey: "none" },
        models: {
          manager: {
            tool_call: true,
            attachment: true,
            modalities: { input: ["text", "image"], output: ["text"] },
            limit: { context: 200_000, output: 32_000 },
          },
        },
      },
    },
    model: "agents/manager",
    small_model: "agents/manager",
  }
}

export const setUpOpencode: SetUpCodingCli = async (packages, home, baseUrl) => {
  const file = join(home, "opencode.json")
  const config = {
    ...configOf(baseUrl),
    autoupdate: false,
    share: "disabled",
    permission: { "*": "allow" },
  }
  await writeFile(file, JSON.stringify(config))
  return {
    name: "opencode",
    command: join(packages, "node_modules/.bin/opencode"),
    env: {
      OPENCODE_CONFIG: file,
      OPENCODE_DISABLE_AUTOUPDATE: "1",
      OPENCODE_DISABLE_MODELS_FETCH: "1",
      OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
      OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
    },
    // The title's.
    threads: 2,
    once: (text) => ["run", text],
    again: (text) => ["run", "--continue", text],
    withPicture: (picture, text) => ["run", text, "--file", picture],
    ownTool: (shell) => `[[tool:bash:${JSON.stringify({ command: shell, description: "Make a file" })}]]`,
  }
}
