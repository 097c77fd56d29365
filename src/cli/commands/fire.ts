import { Command } from "commander"
import { chooseAgent } from "../context/agent-view.ts"
import { openAgents } from "../context/agents.ts"
import { type CommonFlags, homeOf } from "../context/home.ts"
import { print, printJson, shortPath } from "../io/print.ts"

export function fireCommand(): Command {
  return new Command("fire")
    .description("Stop an agent for good. Its folder goes into the archive, nothing is deleted.")
    .argument("<agent>", "id or name")
    .option("--home <folder>", "the service's home (default ~/.ai_agent_proxy)")
    .option("--json", "the result as JSON")
    .action((word: string, flags: CommonFlags) => runFire(word, flags))
    .addHelpText(
      "after",
      `
To have the agent back, move its folder back into the home.

Example:
  ai-agent-proxy fire alice`,
    )
}

async function runFire(word: string, flags: CommonFlags): Promise<void> {
  const agents = await openAgents(await homeOf(flags))
  const { id } = chooseAgent(await agents.list(), word)
  const { archive } = await agents.fire(id)
  if (flags.json === true) return printJson({ id, archive })
  print(`${id} is fired; its workspace is ${shortPath(archive)}`)
}
