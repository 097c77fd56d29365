import { join } from "node:path"
import { assertBackend } from "../../backends/create-backend.ts"
import { settings as settingsOfService } from "../../config/settings.ts"
import { type AgentSettings, explain } from "../../domain/agents.ts"
import { agentVariables } from "../../programs/child-environment.ts"
import { slugOf } from "../../workspace/agent/agent-id.ts"
import { type AgentView, agentJson, stateOf } from "../context/agent-view.ts"
import { openAgents } from "../context/agents.ts"
import { type AgentFlags, assertPassedOn, OwnCommand, settingsOf } from "../context/flags.ts"
import { type CommonFlags, homeOf } from "../context/home.ts"
import { exitCodes } from "../io/exit-codes.ts"
import { note, print, printJson, shortPath } from "../io/print.ts"

export function hireCommand(): OwnCommand {
  return new OwnCommand("hire")
    .description("Make an agent with a name, or take the one that is there, and start it.")
    .withAgent()
    .argument("<role>", "engineer, architect, researcher, reviewer or any other")
    .argument("<name>", "lower-case letters, digits and hyphens")
    .withHome()
    .action(runHire)
    .withHelp(`
Examples:
  ai-agent-proxy hire engineer alice
  ai-agent-proxy hire reviewer bob --cli claude --permissions read-only`)
}

const settingOfCli = settingsOfService.cli

/** Also what `init` does, without a name. */
export async function runHire(
  typedRole: string,
  typedName: string | null,
  flags: CommonFlags & AgentFlags,
): Promise<void> {
  const role = inIdForm("role", typedRole)
  const name = typedName === null ? null : inIdForm("name", typedName)
  const home = await homeOf(flags)
  const settings = settingsOf(flags)
  assertUsable(settings)
  const agents = await openAgents(home)
  const { agent, isNew } = await agents.hire({ role, name, settings })
  if (flags.json === true) {
    printJson({ is_new: isNew, ...agentJson(agent, home) })
  } else {
    print(`id         ${agent.id}${isNew ? "" : " (it was there)"}`)
    print(`workspace  ${shortPath(join(home, agent.id))}`)
    print(`state      ${stateOf(agent)}`)
    print(`pid        ${agent.pid ?? "-"}`)
  }
  if (!isNew && Object.keys(settings).length > 0) {
    note(
      `Its settings are as they were; change them in ${shortPath(join(home, agent.id, "control", "agent.json"))}.`,
    )
  }
  if (settings.cli === undefined) noteVariable(agent)
  explainState(agent)
  // One that is only down was made, and is started with the service.
  if (agent.state === "running" && !agent.readiness.isReady) process.exitCode = exitCodes.failure
}

/** There, the variable gave an agent its CLI. Here it is the service's, at its start. */
function noteVariable({ id, program }: AgentView): void {
  const { [settingOfCli.variable]: typed = "", [agentVariables.agent]: asking } = process.env
  if (typed.trim() === "" || asking !== undefined || program === "" || typed.includes(program)) return
  note(
    `${settingOfCli.variable} is the service's, which was started without it: ${id} runs on ${program}. For one agent: --cli.`,
  )
}

/** As release 0.2.0 did, but not in silence. */
function inIdForm(what: string, typed: string): string {
  const slug = slugOf(typed)
  if (slug === typed) return typed
  note(`The ${what} ${JSON.stringify(typed)} is written ${slug} in ids.`)
  return slug
}

/** What cannot be used, or would be dropped, is told before anything is made. */
function assertUsable({ cli = null, backend = null }: Partial<AgentSettings>): void {
  if (backend !== null) assertBackend(backend)
  if (cli !== null) assertPassedOn(cli, backend)
}

/** What a person does next about an agent that does not run. */
export function explainState({ readiness, controlProblem }: AgentView): void {
  if (controlProblem !== null) note(controlProblem)
  if (!readiness.isReady) note(`Not running: ${explain(readiness)}`)
}
