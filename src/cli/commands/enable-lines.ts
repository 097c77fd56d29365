import { setTimeout as delay } from "node:timers/promises"
import type { Config } from "../../config/config.ts"
import { settings } from "../../config/settings.ts"
import { isThere } from "../../programs/find-executable.ts"
import { quoteForShell } from "../../supervise/machine/run-command.ts"
import type { ServiceManager } from "../../supervise/machine/service-manager.ts"
import { secretsFileOf } from "../../supervise/machine/service-spec.ts"
import { asUser } from "../../supervise/machine/service-user.ts"
import { type OlderRelease, olderRelease } from "../../supervise/older-release.ts"
import type { ServicePlan } from "../../supervise/plan-service.ts"
import { unitPlaceOf } from "../../supervise/systemd/units.ts"
import { requestLocally } from "../context/daemon-client.ts"

/** `http://127.0.0.1:7011`: as this machine reaches it. */
function urlOf(config: Pick<Config, "host" | "port">): string {
  const host =
    config.host === "0.0.0.0"
      ? "127.0.0.1"
      : config.host === "::"
        ? "[::1]"
        : config.host.includes(":")
          ? `[${config.host}]`
          : config.host
  return `http://${host}:${config.port}`
}

/** What a person pastes into a client. A key is shown only in the run that made or changed it. */
export function clientLines({ config, newKey }: ServicePlan): string {
  const url = urlOf(config)
  const isKeyNeeded = config.apiKeys.size > 0
  const bearer = newKey ?? "YOUR_KEY"
  const auth = isKeyNeeded ? ` -H ${quoteForShell(`Authorization: Bearer ${bearer}`)}` : ""
  return `
Base URL   ${url}/v1
API key    ${keyLine(config, newKey)}

curl ${url}/v1/chat/completions${auth} -H 'Content-Type: application/json' \\
  -d '{"model": "manager", "messages": [{"role": "user", "content": "Who are you?"}]}'
`
}

/** What there is of release 0.2.0; with the rights of who owns the home. */
export function foundOlderRelease(plan: ServicePlan, manager: ServiceManager): Promise<OlderRelease | null> {
  return asUser(plan.user, () => olderRelease(plan.config.home, unitPlaceOf(manager, plan.user)))
}

/** The same for programs. */
export function clientFacts({ config, newKey }: ServicePlan): object {
  return { base_url: `${urlOf(config)}/v1`, is_key_needed: config.apiKeys.size > 0, new_api_key: newKey }
}

function keyLine(config: Config, newKey: string | null): string {
  const file = secretsFileOf(config.home)
  if (newKey !== null) return `${newKey}   (shown this once; kept in ${file})`
  if (config.apiKeys.size === 0) return "none is needed on this machine; where a client wants one, any text"
  return `as before (${settings.apiKey.variable} in ${file}, or config.toml beside it)`
}

/** The service notices the CLI by itself once it is there; null: it is there. */
export function cliWarning({ config, environment, user }: ServicePlan): string | null {
  if (config.cliCommands.some(({ program }) => isThere(program, environment.PATH))) return null
  return (
    `\`${config.cli}\` is not on the PATH of the service (${environment.PATH}). Install it for ${user.name}, or name it: ` +
    "ai-agent-proxy enable --cli /full/path"
  )
}

/** A fresh manager takes a moment. */
export async function isManagerUp(config: Config): Promise<boolean> {
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline) {
    const answer = await requestLocally(`${urlOf(config)}/ready`, { timeoutMs: 2_000 }).catch(() => null)
    if (answer?.status === 200) return true
    await delay(250)
  }
  return false
}
