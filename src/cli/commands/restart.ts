import { Command } from "commander"
import { healService } from "../../supervise/heal-service.ts"
import { runCommand } from "../../supervise/machine/run-command.ts"
import { noSudo, withOldFlags } from "../context/flags.ts"
import {
  type ChangeFlags,
  requireInstalled,
  requireRights,
  requireServiceManager,
  serviceHome,
  serviceNameOption,
  userOf,
} from "../context/installed-service.ts"
import { refuseInOwnTurn } from "../context/own-turn.ts"
import { terminalEnvironment } from "../context/terminal-environment.ts"
import { note, printJson } from "../io/print.ts"

export function restartCommand(): Command {
  const command = new Command("restart")
    .description("Start the service again; paths of Node and the CLI that have moved are put right first.")
    .option("--system", "the service of the machine")
    .option("--user", "the service of this user")
    .addOption(serviceNameOption())
    .option("--json", "the result as JSON")
    .action((flags: ChangeFlags) => restart(flags))
    .addHelpText(
      "after",
      `
Example:
  ai-agent-proxy restart        after an upgrade, or a change of config.toml`,
    )
  return withOldFlags(command, noSudo)
}

async function restart(flags: ChangeFlags): Promise<void> {
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
