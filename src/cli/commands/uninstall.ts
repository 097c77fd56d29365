import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { createInterface } from "node:readline/promises"
import { quoteForShell } from "../../supervise/machine/run-command.ts"
import { ServiceError } from "../../supervise/machine/service-error.ts"
import type { ServiceUser } from "../../supervise/machine/service-user.ts"
import { removeService } from "../../supervise/set-up-service.ts"
import { OwnCommand } from "../context/flags.ts"
import {
  defaultScope,
  findInstalled,
  isRoot,
  managerOf,
  requireInstalled,
  requireRights,
  requireServiceManager,
  type ServiceFlags,
  serviceHome,
  userOf,
} from "../context/installed-service.ts"
import { refuseInOwnTurn } from "../context/own-turn.ts"
import { exitCodes, UsageError } from "../io/exit-codes.ts"
import { note, printJson } from "../io/print.ts"

interface UninstallFlags extends ServiceFlags {
  readonly keep?: boolean
  readonly purge?: boolean
}

export function uninstallCommand(): OwnCommand {
  return new OwnCommand("uninstall")
    .description("Stop the service and remove it from the machine; asks whether its home goes, too.")
    .option("--keep", "keep the home (conversations, keys, agents' workspaces) without asking")
    .option("--purge", "delete the home without asking")
    .withService()
    .option("--json", "the result as JSON")
    .action(uninstall)
    .withHelp(`
The program itself stays: remove the link that "make install" has made, and the checkout.

Examples:
  ai-agent-proxy uninstall --keep
  ai-agent-proxy uninstall --purge`)
}

async function uninstall(flags: UninstallFlags): Promise<void> {
  if (flags.keep === true && flags.purge === true) {
    throw new UsageError("--keep and --purge cannot both be meant.")
  }
  requireServiceManager()
  const installed = await findInstalled(flags)
  // Whose home that would be, nobody knows: it may be that of another service.
  if (installed === null && flags.serviceName !== undefined) await requireInstalled(flags)
  await refuseInOwnTurn("uninstall", serviceHome(installed))
  const scope = installed?.manager.scope ?? defaultScope(flags)
  requireRights(scope)
  const user = await userOf(installed).catch((error: unknown) => {
    // The user was deleted, and with it whoever may touch the home: the definition goes all the
    // same.
    if (isRoot() && installed !== null && error instanceof ServiceError) return null
    throw error
  })
  if (user === null) {
    await installed?.manager.remove()
    tellRemovedWithoutUser(installed?.spec?.home ?? null, flags)
    return
  }
  const home = resolve(installed?.spec?.home ?? homeAsUser(user))
  const isPurge = await isHomeToGo(flags, home)
  await removeService(installed?.manager ?? managerOf(scope, user), user, { home, isPurge })
  note(installed === null ? "The service is not installed." : "The service is removed.")
  const isKept = existsSync(home)
  if (isKept) note(`Kept: ${home} (conversations, keys, agents' workspaces).`)
  if (flags.json === true) {
    printJson({ service: installed === null ? "not_installed" : "removed", home, is_home_kept: isKept })
  }
}

/** Nobody is left who may touch the home: what it is, and how root removes it, has to be said. */
function tellRemovedWithoutUser(home: string | null, { purge, json }: UninstallFlags): void {
  const isKept = home !== null && existsSync(home)
  note("The service is removed; its user is no more.")
  if (isKept) {
    note(
      `Kept: ${home} (conversations, keys, agents' workspaces; service.env may hold log-ins of that user).\n` +
        `To delete it: rm -r ${quoteForShell(home)}`,
    )
  }
  if (json === true) printJson({ service: "removed", home, is_home_kept: isKept })
  if (isKept && purge === true) process.exitCode = exitCodes.failure
}

function homeAsUser(user: ServiceUser): string {
  const own = serviceHome(null)
  return process.env.AI_AGENT_PROXY_HOME === undefined ? `${user.homeDir}/.ai_agent_proxy` : own
}

/** Without a terminal nobody can be asked: then it is kept. */
async function isHomeToGo(flags: UninstallFlags, home: string): Promise<boolean> {
  if (flags.purge === true) return true
  if (flags.keep === true || !process.stdin.isTTY || !existsSync(home)) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(
      `Delete ${home} with all conversations, keys and agents' workspaces? [y/N] `,
    )
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
