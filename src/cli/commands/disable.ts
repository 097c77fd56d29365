import { OwnCommand } from "../context/flags.ts"
import {
  findInstalled,
  requireRights,
  requireServiceManager,
  type ServiceFlags,
  serviceHome,
} from "../context/installed-service.ts"
import { refuseInOwnTurn } from "../context/own-turn.ts"
import { note, printJson } from "../io/print.ts"

export function disableCommand(): OwnCommand {
  return new OwnCommand("disable")
    .description("Stop the service, now and for the next boot; everything stays where it is.")
    .withService()
    .option("--json", "the result as JSON")
    .action(disable)
    .withHelp(`
Example:
  ai-agent-proxy disable        and back again: ai-agent-proxy enable`)
}

async function disable(flags: ServiceFlags): Promise<void> {
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
