import { existsSync } from "node:fs"
import { version } from "../../config/config.ts"
import { upgradeCommand } from "../../domain/installing.ts"
import { failure, failureFrom, type HealthCheck, ok, warning } from "../machine/health-check.ts"
import {
  type Installation,
  isNewer,
  isTemporary,
  movingPart,
  thisInstallation,
  tryProgram,
} from "../machine/installation.ts"
import type { RunCommand } from "../machine/run-command.ts"
import type { Definition, ServiceManager, ServiceState } from "../machine/service-manager.ts"
import type { ServiceSpec } from "../machine/service-spec.ts"
import type { ServiceUser } from "../machine/service-user.ts"
import { hasLinger } from "../systemd/systemd-manager.ts"

/** What is installed, with what manages it. */
export interface InstalledService extends Definition {
  readonly manager: ServiceManager
}

const enableAgain = "ai-agent-proxy enable"
const restart = "ai-agent-proxy restart"

/** The definition, what it starts, and how the service manager has it. */
export async function checkService(
  installed: InstalledService | null,
  user: ServiceUser,
  environment: Readonly<Record<string, string>>,
  run: RunCommand,
): Promise<readonly HealthCheck[]> {
  if (installed === null) {
    return [
      await checkProgram(thisInstallation(), user, environment, run),
      warning("service", "it is not installed as a service of this machine", enableAgain),
    ]
  }
  const { manager, spec } = installed
  if (spec === null) {
    return [
      failure("service", `${manager.definitionPath} is damaged, or not written by this program`, enableAgain),
    ]
  }
  return [
    await checkProgram(spec, user, environment, run),
    await checkDefinition(installed, spec),
    await checkState(manager),
    ...(await checkLinger(manager, user, run)),
  ]
}

async function checkProgram(
  installation: Installation,
  user: ServiceUser,
  environment: Readonly<Record<string, string>>,
  run: RunCommand,
): Promise<HealthCheck> {
  const { node, launcher } = installation
  for (const path of [node, launcher]) {
    if (!existsSync(path)) {
      return failure("program", `the service starts ${path}, which is not there any more`, restart)
    }
  }
  const { version: found, problem } = await tryProgram(installation, user, environment, run)
  if (problem !== null) return failure("program", `${node} ${launcher} does not work: ${problem}`, restart)
  if (isNewer(version, found)) {
    return warning(
      "program",
      `the service starts ${launcher}, which is ${found}; this is ${version}`,
      restart,
    )
  }
  const moving = movingPart(installation)
  if (moving === null) return ok("program", `${node} ${launcher}`)
  if (isTemporary(installation)) {
    return warning("program", moving, `in a checkout of it: ${upgradeCommand}; then ${restart}`)
  }
  // It works, and restart would change nothing: no problem as long as the path is there.
  return ok("program", `${node} ${launcher}. ${moving}`)
}

async function checkDefinition({ manager, text }: InstalledService, spec: ServiceSpec): Promise<HealthCheck> {
  if (text === (await manager.define({ ...spec, version }))) return ok("definition", manager.definitionPath)
  return warning(
    "definition",
    `${manager.definitionPath} is of ${spec.version}, this program is ${version}`,
    restart,
  )
}

async function checkState(manager: ServiceManager): Promise<HealthCheck> {
  let state: ServiceState
  try {
    state = await manager.state()
  } catch (error) {
    // A container or a log-in without the manager: the service may run in the foreground all the
    // same.
    return failureFrom("service", error, `${restart}; or, if it does not run: ai-agent-proxy daemon`)
  }
  const { isEnabled, activity, detail } = state
  if (!isEnabled) return warning("service", `it does not start with the machine; now: ${detail}`, enableAgain)
  switch (activity) {
    case "running":
      return ok("service", `${manager.name} ${manager.scope}: ${detail}`)
    case "starting":
      return warning("service", `it is starting, or fails to: ${detail}`, "ai-agent-proxy logs")
    case "failed":
    case "stopped":
      return failure("service", detail, `${restart}; why it ended: ai-agent-proxy logs`)
    default:
      return activity satisfies never
  }
}

async function checkLinger(
  manager: ServiceManager,
  user: ServiceUser,
  run: RunCommand,
): Promise<readonly HealthCheck[]> {
  if (manager.scope !== "user" || manager.name !== "systemd") return []
  if ((await hasLinger(user.name, run)) !== false)
    return [ok("linger", `the service of ${user.name} starts at boot`)]
  return [
    warning(
      "linger",
      `the service starts when ${user.name} logs in and ends at log-out`,
      `sudo loginctl enable-linger ${user.name}`,
    ),
  ]
}
