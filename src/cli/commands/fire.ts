import { chooseAgent } from "../context/agent-view.ts"
import { openAgents } from "../context/agents.ts"
import { OwnCommand } from "../context/flags.ts"
import { type CommonFlags, homeOf } from "../context/home.ts"
import { print, printJson, shortPath } from "../io/print.ts"

export function fireCommand(): OwnCommand {
  return new OwnCommand("fire")
    .description("Stop an agent for good. Its folder goes into the archive, nothing is deleted.")
    .argument("<agent>", "id or name")
    .withHome()
    .action(runFire)
    .withHelp(`
To have the agent back, move its folder back into the home.

Example:
  ai-agent-proxy fire alice`)
}

async function runFire(word: string, flags: CommonFlags): Promise<void> {
  const agents = await openAgents(await homeOf(flags))
  const { id } = chooseAgent(await agents.list(), word)
  const { archive } = await agents.fire(id)
  if (flags.json === true) return printJson({ id, archive })
  print(`${id} is fired; its workspace is ${shortPath(archive)}`)
}
