import { checkCliPlace } from "../supervise/check-cli.ts"
import { checkService } from "../supervise/check-service.ts"
import { failureOf, type HealthCheck } from "../supervise/health-check.ts"
import { runBriefly } from "../supervise/run-command.ts"
import type { ServiceUser } from "../supervise/service-user.ts"
import type { InstalledService } from "./service-context.ts"
import { serviceSettings } from "./service-settings.ts"
import { serviceUserOf } from "./service-user-of.ts"

/** What of `doctor` can be seen without starting the CLI, and is not right. */
export async function serviceProblems(installed: InstalledService): Promise<readonly HealthCheck[]> {
  let user: ServiceUser
  try {
    user = await serviceUserOf(installed)
  } catch (error) {
    return [failureOf("service", error, "sudo ai-agent-proxy uninstall --keep")]
  }
  const { environment, config, problem } = serviceSettings(installed, user)
  const checks = [
    ...(await checkService(installed, user, environment, runBriefly)),
    config === null ? problem : checkCliPlace(config, environment, process.env.PATH),
  ]
  return checks.filter(({ status }) => status !== "ok")
}
