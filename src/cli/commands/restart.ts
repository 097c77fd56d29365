import { healService } from "../../supervise/heal-service.ts"
import { runCommand } from "../../supervise/machine/run-command.ts"
import { noSudo, OwnCommand } from "../context/flags.ts"
import {
  requireInstalled,
  requireRights,
  requireServiceManager,
  type ServiceFlags,
  serviceHome,
  userOf,
} from "../context/installed-service.ts"
import { refuseInOwnTurn } from "../context/own-turn.ts"
import { terminalEnvironment } from "../context/terminal-environment.ts"
import { note, printJson } from "../io/print.ts"

export function restartCommand(): OwnCommand {
  return new OwnCommand("restart")
    .description("Start the service again; paths of Node and the CLI that have moved are put right first.")
    .withService()
    .option("--json", "the result as JSON")
    .action(restart)
    .withOld(noSudo)
    .withHelp(`
Example:
  ai-agent-proxy restart        after an upgrade, or a change of config.toml`)
}

async function restart(flags: ServiceFlags): Promise<void> {
  requireServiceManager()
  const installed = await requireInstalled(flags)
  const { manager } = installed
  await refuseInOwnTurn("restart", serviceHome(installed))
  requireRights(manager.scope)
  const user = await userOf(installed)
  const healed = await healService(installed, user, await terminalEnvironment(user), runCommand)
  for (const line of healed) note(line)
  await manager.restart()
  const { detail } = await manager.state()
  note(`The service was started again: ${detail}.`)
  if (flags.json === true) printJson({ service: "restarted", detail, put_right: healed })
}
