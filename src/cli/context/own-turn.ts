import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { agentVariables } from "../../programs/child-environment.ts"
import { ServiceError } from "../../supervise/machine/service-error.ts"
import { unitFolderOf } from "../../supervise/systemd/systemd-manager.ts"
import { unitNameIn } from "../../supervise/systemd/units.ts"
import { DaemonClient, type DaemonStatus } from "./daemon-client.ts"

/**
 * For commands that end the service of `home`, or start it again: throws, in words for the agent,
 * when it is typed in a turn of one of its agents, which would end with the service before it has
 * answered.
 */
export async function refuseInOwnTurn(command: string, home: string): Promise<void> {
  const isAgents = process.env[agentVariables.agent] !== undefined
  if (!isAgents && !isInsideService(ownCgroup(), unitNames())) return
  const status = await new DaemonClient(home).status().catch(() => null)
  const agent = status === null ? null : askingAgent(status)
  if (agent === null) return
  throw new ServiceError(
    "failure",
    `This is a shell of ${agent}'s own turn: with the service that turn would end, before it is answered. Nothing was done. ` +
      `Finish the turn first, and say in your answer that whoever runs the service is to type: ai-agent-proxy ${command}`,
  )
}

/** By its token; without one (`sudo` drops it) any whose turn runs. */
function askingAgent({ asking_agent: asking, agents }: DaemonStatus): string | null {
  if (process.env[agentVariables.token] !== undefined) return asking
  return agents.find(({ runningTurns }) => runningTurns > 0)?.id ?? null
}

/** Whether a process belongs to one of these services, by the control group it has of systemd. */
export function isInsideService(cgroups: string, units: readonly string[]): boolean {
  return cgroups
    .split("\n")
    .some((line) => units.some((unit) => line.endsWith(`/${unit}`) || line.includes(`/${unit}/`)))
}

function unitNames(): readonly string[] {
  const scopes = ["system", "user"] as const
  return scopes.map((scope) => unitNameIn(unitFolderOf({ scope, homeDir: process.env.HOME ?? homedir() })))
}

function ownCgroup(): string {
  try {
    return readFileSync("/proc/self/cgroup", "utf8")
  } catch {
    // Not Linux: the environment alone tells.
    return ""
  }
}
