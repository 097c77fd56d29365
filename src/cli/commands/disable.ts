import { Command } from "commander"
import {
  type ChangeFlags,
  findInstalled,
  requireRights,
  requireServiceManager,
  serviceHome,
  serviceNameOption,
} from "../context/installed-service.ts"
import { refuseInOwnTurn } from "../context/own-turn.ts"
import { note, printJson } from "../io/print.ts"

export function disableCommand(): Command {
  return new Command("disable")
    .description("Stop the service, now and for the next boot; everything stays where it is.")
    .option("--system", "the service of the machine")
    .option("--user", "the service of this user")
    .addOption(serviceNameOption())
    .option("--json", "the result as JSON")
    .action((flags: ChangeFlags) => disable(flags))
    .addHelpText(
      "after",
      `
Example:
  ai-agent-proxy disable        and back again: ai-agent-proxy enable`,
    )
}

async function disable(flags: ChangeFlags): Promise<void> {
  requireServiceManager()
  const installed = await findInstalled(flags)
  if (installed === null) {
    note("The service is not installed; nothing to do.")
    if (flags.json === true) printJson({ service: "not_installed" })
    return
  }
  await refuseInOwnTurn("disable", serviceHome(installed))
  requireRights(installed.manager.scope)
  await installed.manager.disable()
  note("The service is stopped and does not start by itself. To have it back: ai-agent-proxy enable")
  if (flags.json === true) printJson({ service: "disabled" })
}
