import { type AgentView, agentJson, chooseAgents, stateOf } from "../context/agent-view.ts"
import { openAgents } from "../context/agents.ts"
import { OwnCommand } from "../context/flags.ts"
import { type CommonFlags, homeOf } from "../context/home.ts"
import { UsageError } from "../io/exit-codes.ts"
import { note, print, printJson } from "../io/print.ts"
import { explainState } from "./hire.ts"

interface ChangeFlags extends CommonFlags {
  readonly all?: boolean
}

export function stopCommand(): OwnCommand {
  return changeCommand("stop")
    .description("Stop an agent and its running turns; it stays stopped until `start`.")
    .withHelp(`
This does not end the service; Ctrl-C or SIGTERM to the daemon does.

Examples:
  ai-agent-proxy stop alice
  ai-agent-proxy stop engineer --all     all engineers
  ai-agent-proxy stop --all              all agents`)
}

export function startCommand(): OwnCommand {
  return changeCommand("start")
    .description("Start an agent that was stopped.")
    .withHelp(`
Examples:
  ai-agent-proxy start alice
  ai-agent-proxy start --all`)
}

function changeCommand(action: "start" | "stop"): OwnCommand {
  return new OwnCommand(action)
    .argument("[agent]", "id, name, or role")
    .option("--all", "all agents of the role; without a role all agents")
    .withHome()
    .action((word: string | undefined, flags: ChangeFlags) => runChange(action, word, flags))
}

async function runChange(
  action: "start" | "stop",
  word: string | undefined,
  flags: ChangeFlags,
): Promise<void> {
  const home = await homeOf(flags)
  if (word === undefined && flags.all !== true) {
    throw new UsageError(
      `Which agent? Type \`ai-agent-proxy ${action} AGENT\`, or \`ai-agent-proxy ${action} --all\`.`,
    )
  }
  const agents = await openAgents(home)
  const all = await agents.list()
  const meant = word === undefined ? all : chooseAgents(all, word, flags.all === true)
  // First whoever types it, who is refused: then nothing was done.
  const isAsking = ({ id }: AgentView) => Number(id === agents.askingAgent)
  const chosen = meant.toSorted((one, other) => isAsking(other) - isAsking(one))
  const changed: AgentView[] = []
  for (const { id } of chosen) {
    const agent = await agents.change(id, action)
    changed.push(agent)
    if (flags.json === true) continue
    print(`${agent.id} is ${stateOf(agent)}${agent.pid === null ? "" : ` (pid ${agent.pid})`}`)
    if (action === "start") explainState(agent)
  }
  if (flags.json === true) printJson({ agents: changed.map((agent) => agentJson(agent, home)) })
  else if (!agents.isServiceUp && action === "stop")
    note("The service is not running; they stay stopped when it starts.")
}
