import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { SetUpCodingCli } from "./coding-cli.ts"

export const setUpQwen: SetUpCodingCli = async (packages, home, baseUrl) => {
  await mkdir(join(home, ".qwen"))
  // As in docs/clients/coding-clis.md, but for the last two.
  const settings = {
    security: { auth: { selectedType: "openai" } },
    model: {
      name: "manager",
      generationConfig: { timeout: 3_600_000, maxRetries: 0, modalities: { image: true } },
    },
    general: { enableAutoUpdate: false, disableAutoUpdate: true },
    privacy: { usageStatisticsEnabled: false },
  }
  await writeFile(join(home, ".qwen", "settings.json"), JSON.stringify(settings))
  return {
    name: "qwen",
    command: join(packages, "node_modules/.bin/qwen"),
    env: { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: "none", OPENAI_MODEL: "manager" },
    // Behind each run it asks what of it is to be remembered.
    threads: 3,
    once: (text) => ["--approval-mode", "yolo", "--prompt", text],
    again: (text) => ["--approval-mode", "yolo", "--continue", "--prompt", text],
    withPicture: (picture, text) => ["--approval-mode", "yolo", "--prompt", `${text} @${picture}`],
    ownTool: (shell) =>
      `[[tool:run_shell_command:${JSON.stringify({ command: shell, is_background: false, description: "Make a file" })}]]`,
  }
}
