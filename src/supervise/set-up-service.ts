import { asUser } from "./as-user.ts"
import { enableLinger } from "./linger.ts"
import type { ServicePlan } from "./plan-service.ts"
import { prepareHome } from "./prepare-home.ts"
import type { RunCommand } from "./run-command.ts"
import type { ServiceManager } from "./service-manager.ts"

export interface SetUpOptions {
  readonly readFile: (path: string) => string | null
  readonly run: RunCommand
  /** Sentences for people on what was put right, or is left to them. */
  readonly tell: (sentence: string) => void
  /** It is written only, for somebody to start later. */
  readonly isStartSkipped?: boolean
}

/**
 * All that `enable` changes on the machine. Ended at any moment, it leaves each file as it was or as it is to be, and the
 * same again completes it.
 */
export async function setUpService(
  plan: ServicePlan,
  manager: ServiceManager,
  { readFile, run, tell, isStartSkipped = false }: SetUpOptions,
): Promise<void> {
  const { user, spec } = plan
  for (const warning of await asUser(user, () => prepareHome(plan, readFile))) tell(warning)
  if (isStartSkipped) return manager.write(spec)
  if (manager.scope === "user" && manager.name === "systemd") {
    const advice = await enableLinger(user.name, run)
    if (advice !== null) tell(advice)
  }
  await manager.install(spec)
  await manager.restart()
}
