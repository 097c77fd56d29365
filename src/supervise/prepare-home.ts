import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { Config } from "../config/config.ts"
import { formatEnvironmentFile, parseEnvironmentFile } from "../config/environment-file.ts"
import { settings } from "../config/settings.ts"
import { inFolderOf } from "../disk/held-folder.ts"
import { RefusedEntryError } from "../disk/refused-entry-error.ts"
import { removeTemporaries, writeAtomic } from "../disk/write-atomic.ts"
import { controlFile } from "../workspace/agent/agent-control.ts"
import { ensureAgentWorkspace, makeFolder } from "../workspace/agent/agent-workspace.ts"
import { openHome } from "../workspace/home/home.ts"
import { takeOverHome } from "../workspace/take-over/taken-over-record.ts"
import { environmentFileOf, secretsFileOf } from "./machine/service-spec.ts"
import type { ServicePlan } from "./plan-service.ts"

/**
 * Makes the home with the manager's workspace, takes over what release 0.2.0 has left in it, makes the service's environment and its key. To be done with the rights of the
 * service's user. Each file is written whole or not at all; done again after a kill, it completes what is missing.
 */
export async function prepareHome(
  plan: ServicePlan,
  readFile: (path: string) => string | null,
): Promise<readonly string[]> {
  const { config, environment, newKey } = plan
  const warnings = [...(await openHome(config.home))]
  await takeOverHome(config.home, config)
  await makeManager(config, (problem) => warnings.push(problem))
  const environmentFile = environmentFileOf(config.home)
  const secretsFile = secretsFileOf(config.home)
  await removeTemporaries(environmentFile)
  await removeTemporaries(secretsFile)
  await writeAtomic(environmentFile, environmentFileText(plan.spec.version, environment))
  if (newKey !== null)
    await writeAtomic(secretsFile, secretsText(secretsFile, readFile(secretsFile) ?? "", newKey))
  return warnings
}

/** Removes what `prepareHome` wrote for the service only; the home stays. */
export async function forgetService(home: string): Promise<void> {
  const environmentFile = environmentFileOf(home)
  await rm(environmentFile, { force: true })
  await removeTemporaries(environmentFile)
  await removeTemporaries(secretsFileOf(home))
}

export function environmentFileText(version: string, environment: Readonly<Record<string, string>>): string {
  const head = `# Environment of the service, written by ai-agent-proxy ${version} (enable). It may hold log-ins: keep it to yourself.\n`
  return head + formatEnvironmentFile(environment)
}

/** The other secrets stay. The key comes first: what cuts the file between two lines does not take the key only. */
export function secretsText(path: string, before: string, key: string): string {
  const { [settings.apiKey.variable]: _, ...others } = parseEnvironmentFile(path, before)
  return formatEnvironmentFile({ [settings.apiKey.variable]: key, ...others })
}

async function makeManager(config: Config, onProblem: (problem: string) => void): Promise<void> {
  const manager = { role: "manager", name: null }
  const { path: root } = await ensureAgentWorkspace(config.home, manager, ({ message }) => onProblem(message))
  await inFolderOf({ root, path: controlFile }, false, (folder, name) =>
    removeTemporaries(join(folder.path, name)),
  ).catch((error: unknown) => {
    // That one has been told already.
    if (!(error instanceof RefusedEntryError)) throw error
  })
  await makeFolder(config.workingDirectory)
}
