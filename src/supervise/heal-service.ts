import { version } from "../config/config.ts"
import { parseEnvironmentFile } from "../config/environment-file.ts"
import { readConfigText } from "../config/read-config-text.ts"
import { resolveConfig } from "../config/resolve-config.ts"
import { removeTemporaries, writeAtomic } from "../disk/write-atomic.ts"
import { findExecutable } from "../programs/find-executable.ts"
import {
  type Installation,
  isNewer,
  movingPart,
  thisInstallation,
  tryProgram,
} from "./machine/installation.ts"
import type { RunCommand } from "./machine/run-command.ts"
import { pathWithCli } from "./machine/service-environment.ts"
import { ServiceError } from "./machine/service-error.ts"
import type { ServiceManager } from "./machine/service-manager.ts"
import { environmentFileOf, type ServiceSpec } from "./machine/service-spec.ts"
import { asUser, type ServiceUser } from "./machine/service-user.ts"
import { environmentFileText } from "./set-up-service.ts"

/**
 * Puts right what has moved since `enable`: Node and the program (an upgrade, also of a version
 * manager, which leaves the old ones where they are), and the folder of the CLI, when the shell of
 * this command finds it. Resolves to sentences on what was done.
 */
export async function healService(
  { manager, spec }: { readonly manager: ServiceManager; readonly spec: ServiceSpec | null },
  user: ServiceUser,
  env: NodeJS.ProcessEnv,
  run: RunCommand,
): Promise<readonly string[]> {
  if (spec === null) {
    throw new ServiceError(
      "failure",
      `${manager.definitionPath} was not written by this program, or is damaged. Next: ai-agent-proxy enable`,
    )
  }
  const done: string[] = []
  const environmentFile = environmentFileOf(spec.home)
  const environment = await asUser(user, async () =>
    parseEnvironmentFile(environmentFile, readConfigText(environmentFile) ?? ""),
  )
  if (Object.keys(environment).length === 0) {
    throw new ServiceError("failure", `${environmentFile} is missing or empty. Next: ai-agent-proxy enable`)
  }
  const path = healedPath(spec, environment, user, env)
  if (path !== null) {
    const healed = { ...environment, PATH: path.value }
    await asUser(user, async () => {
      await removeTemporaries(environmentFile)
      await writeAtomic(environmentFile, environmentFileText(version, healed))
    })
    done.push(`The CLI was not on the PATH of the service any more; it is now: ${path.file}`)
  }
  const installation = await healedInstallation(spec, user, environment, run)
  if (installation !== null) {
    const { node, launcher, why } = installation
    done.push(`The service started ${spec.node} ${spec.launcher}, ${why}; now it starts ${node} ${launcher}`)
    const moving = movingPart(installation)
    if (moving !== null) done.push(moving)
  }
  // Also where nothing moved: an upgraded program may write it better.
  const { node, launcher } = installation ?? spec
  await manager.install({ ...spec, node, launcher, version })
  return done
}

/** This program in the place of the installed one, and why. Null: that works, and is not older. */
async function healedInstallation(
  spec: ServiceSpec,
  user: ServiceUser,
  environment: Readonly<Record<string, string>>,
  run: RunCommand,
): Promise<(Installation & { readonly why: string }) | null> {
  const installed = await tryProgram(spec, user, environment, run)
  if (installed.problem === null && !isNewer(version, installed.version)) return null
  const present = thisInstallation()
  const { problem } = await tryProgram(present, user, environment, run)
  if (problem !== null) {
    throw new ServiceError("failure", `${user.name} cannot run ${present.launcher}: ${problem}`)
  }
  const why = installed.problem === null ? `which is ${installed.version}` : "which does not work any more"
  return { ...present, why }
}

/** Null: the CLI is found, or is nowhere to be found. */
function healedPath(
  spec: ServiceSpec,
  environment: Readonly<Record<string, string>>,
  user: ServiceUser,
  env: NodeJS.ProcessEnv,
): { readonly value: string; readonly file: string } | null {
  const { cli } = resolveConfig({
    flags: {},
    env: { ...environment, AI_AGENT_PROXY_HOME: spec.home },
    homeDir: user.homeDir,
    readFile: readConfigText,
  })
  if (findExecutable(cli, environment.PATH) !== null) return null
  const value = pathWithCli(cli, [env.PATH, environment.PATH], user.homeDir)
  const file = value === null ? null : findExecutable(cli, value)
  return value === null || file === null ? null : { value, file }
}
