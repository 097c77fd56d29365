import { join } from "node:path"
import { type AgentView, agentJson, programOf, stateOf } from "../context/agent-view.ts"
import { openAgents } from "../context/agents.ts"
import { OwnCommand } from "../context/flags.ts"
import { type CommonFlags, homeAndService } from "../context/home.ts"
import { note, print, printJson, shortPath } from "../io/print.ts"

interface ListFlags extends CommonFlags {
  readonly quiet?: boolean
}

export function listCommand(): OwnCommand {
  return new OwnCommand("list")
    .description("Show all agents, also while the service is down.")
    .option("-q, --quiet", "ids only, one a line, as where no terminal reads it")
    .withHome()
    .action(runList)
    .withHelp(`
Examples:
  ai-agent-proxy list
  for agent in $(ai-agent-proxy list); do echo "$agent"; done
  ai-agent-proxy list --json | jq -r '.agents[] | select(.state == "ready") | .id'`)
}

async function runList(flags: ListFlags): Promise<void> {
  const { home } = await homeAndService(flags)
  const agentsOfHome = await openAgents(home)
  const agents = await agentsOfHome.list()
  if (flags.json === true) {
    printJson({
      service: agentsOfHome.isServiceUp ? "up" : "down",
      agents: agents.map((agent) => agentJson(agent, home)),
    })
    return
  }
  if (flags.quiet === true || process.stdout.isTTY !== true) for (const { id } of agents) print(id)
  else if (agents.length > 0) print(agentTable(agents, home))
  for (const { controlProblem } of agents) if (controlProblem !== null) note(controlProblem)
  if (agents.length === 0) note("There are no agents yet. `ai-agent-proxy init` makes the manager.")
  if (!agentsOfHome.isServiceUp) note("The service is not running. Start it with `ai-agent-proxy daemon`.")
}

function agentTable(agents: readonly AgentView[], home: string): string {
  const rows = agents.map((agent) => [
    agent.id,
    stateOf(agent),
    programOf(agent) || "-",
    String(agent.pid ?? "-"),
    shortPath(join(home, agent.id)),
  ])
  return formatTable([["AGENT", "STATE", "CLI", "PID", "WORKSPACE"], ...rows])
}

/** Columns, two spaces between them, without trailing spaces. The first row is the heading. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}
