import { existsSync } from "node:fs"
import { agentsToTakeOver, takeOverHome, takeOverLines } from "../workspace/taken-over-record.ts"
import { configOfHome } from "./config-of-home.ts"

/**
 * What a start of the service would take over of release 0.2.0, now; a service that runs has done it. Resolves with lines for
 * people. Rejects with `ConfigError`, as that start would.
 */
export async function takeOverWhileDown(home: string): Promise<readonly string[]> {
  if (!existsSync(home) || (await agentsToTakeOver(home)).length === 0) return []
  return takeOverLines(await takeOverHome(home, configOfHome(home)))
}
