import { version } from "../../config/version.ts"
import { type HealthCheck, warning } from "../../supervise/machine/health-check.ts"

/** What to do when the service still runs another program than the one on the disk; null: it does not. */
export function runningProgram(
  running: { readonly version: string; readonly pid: number },
  isInstalled: boolean,
): HealthCheck | null {
  if (running.version === version) return null
  return warning(
    "running",
    `the service runs ${running.version} still, and the program on the disk is ${version}`,
    isInstalled ? "ai-agent-proxy restart" : `end the daemon (kill ${running.pid}) and start it again`,
  )
}
