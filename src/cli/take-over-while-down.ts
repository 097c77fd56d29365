import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { readConfigText } from "../config/read-config-text.ts"
import { resolveConfig } from "../config/resolve-config.ts"
import { oldAgents } from "../workspace/take-over.ts"
import { takeOverHome, takeOverLines } from "../workspace/taken-over-record.ts"

/**
 * What a start of the service would take over of release 0.2.0, now; a service that runs has done it. Resolves with lines for
 * people. Rejects with `ConfigError`, as that start would.
 */
export async function takeOverWhileDown(home: string): Promise<readonly string[]> {
  if (!existsSync(home) || (await oldAgents(home)).length === 0) return []
  const config = resolveConfig({
    flags: { home },
    env: process.env,
    homeDir: homedir(),
    cwd: process.cwd(),
    readFile: readConfigText,
  })
  return takeOverLines(await takeOverHome(home, config))
}
