import { olderReleaseLines } from "../supervise/older-release.ts"
import type { ServicePlan } from "../supervise/plan-service.ts"
import { environmentFileText, secretsText } from "../supervise/prepare-home.ts"
import type { ServiceManager } from "../supervise/service-manager.ts"
import { environmentFileOf, secretsFileOf } from "../supervise/service-spec.ts"
import { clientLines, cliWarning, foundOlderRelease } from "./enable-lines.ts"
import { printData, printLine } from "./print.ts"

/** Variables whose values may be shown around; any other may be a log-in, whatever its name. */
const plainName =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|LC_\w+|XDG_\w+|AI_AGENT_PROXY_\w+|\w+_(HOME|DIR|FILE|URL|MODEL|PROXY|proxy))$/

/** All that `enable` would write and run. Secrets are left out: a dry run is there to be shown around. */
export async function printDryRun(plan: ServicePlan, manager: ServiceManager): Promise<void> {
  const { config, spec } = plan
  const shown = Object.fromEntries(
    Object.entries(plan.environment).map(([name, value]) => [name, hide(name, value)]),
  )
  printData(section(`${config.home}/`, "0700, and in it manager/, the manager's workspace"))
  printData(section(environmentFileOf(config.home), "0600", environmentFileText(spec.version, shown)))
  if (plan.newKey !== null) {
    printData(section(secretsFileOf(config.home), "0600", secretsText("", "", hidden)))
  }
  printData(section(manager.definitionPath, "0644", await manager.define(spec)))
  const older = await foundOlderRelease(plan, manager)
  for (const line of olderReleaseLines(older, plan.keptOfOldUnit)) printLine(line)
  const commands = manager.steps.map(({ program, args }) => `${[program, ...args].join(" ")}\n`)
  printData(section("commands", "in this order", commands.join("")))
  printData(clientLines({ ...plan, newKey: plan.newKey === null ? null : hidden }))
  const warning = cliWarning(plan)
  if (warning !== null) printLine(warning)
  printLine("Nothing was written or started (--dry-run).")
}

const hidden = "(not shown)"

function hide(name: string, value: string): string {
  return plainName.test(name) && !mayHavePassword(value) ? value : hidden
}

/** A proxy is also written without a scheme (`user:password@host:3128`). Folders may be called so (`/opt/node@24/bin`). */
function mayHavePassword(value: string): boolean {
  return value.includes("@") && (!value.startsWith("/") || value.includes("://"))
}

function section(title: string, note: string, text = ""): string {
  return `### ${title} (${note})\n${text}${text === "" ? "" : "\n"}`
}
