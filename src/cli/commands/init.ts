import { messageOf, ProxyError } from "../../domain/errors.ts"
import { agentIdOf } from "../../workspace/agent/agent-id.ts"
import { renewTemplates } from "../../workspace/agent/templates.ts"
import { type AgentFlags, OwnCommand } from "../context/flags.ts"
import { type CommonFlags, homeOf } from "../context/home.ts"
import { note, shortPath } from "../io/print.ts"
import { runHire } from "./hire.ts"

interface InitFlags extends CommonFlags, AgentFlags {
  readonly force?: boolean
}

export function initCommand(): OwnCommand {
  return new OwnCommand("init")
    .description("Make the agent of a role, or complete its folder, and start it.")
    .withAgent()
    .argument("[role]", "manager, engineer, architect, researcher, reviewer or any other", "manager")
    .option("--force", "write the instructions anew; those that were changed are kept beside them")
    .withHome()
    .action(runInit)
    .withHelp(`
Without --force nothing that is there is ever overwritten.

Examples:
  ai-agent-proxy init
  ai-agent-proxy init engineer
  ai-agent-proxy init manager --force`)
}

async function runInit(role: string, flags: InitFlags): Promise<void> {
  if (flags.force === true) {
    const kept = await renewTemplates(await homeOf(flags), checkedId(role), role, new Date())
    for (const path of kept) note(`Kept what was there as ${shortPath(path)}.`)
  }
  await runHire(role, null, flags)
}

function checkedId(role: string): string {
  try {
    return agentIdOf(role, null)
  } catch (error) {
    throw new ProxyError("invalid_request", messageOf(error), { cause: error })
  }
}
