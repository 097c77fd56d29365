import { existsSync } from "node:fs"
import type { AgentSettings } from "../../domain/agents.ts"
import { ProxyError } from "../../domain/errors.ts"
import { storageFailed } from "../../domain/file-problem.ts"
import type { HireOrder } from "../../domain/roster.ts"
import { parseAgentId } from "../../workspace/agent/agent-id.ts"
import { openHome } from "../../workspace/home/home.ts"
import { type RosterEntry, RosterFolder } from "../../workspace/home/roster-folder.ts"
import { isOldStopped } from "../../workspace/take-over/take-over.ts"
import { agentsToTakeOver, takeOverHome, takeOverLines } from "../../workspace/take-over/taken-over-record.ts"
import { note } from "../io/print.ts"
import type { AgentView } from "./agent-view.ts"
import { DaemonClient, DaemonDownError } from "./daemon-client.ts"
import { configOf } from "./home.ts"

/** What commands do with agents: the folders are the truth, a service that runs follows. */
interface Agents {
  readonly isServiceUp: boolean
  /** The agent in whose turn the command is typed; null: it is nobody's. */
  readonly askingAgent: string | null
  list(): Promise<readonly AgentView[]>
  hire(order: HireOrder): Promise<{ readonly agent: AgentView; readonly isNew: boolean }>
  fire(id: string): Promise<{ readonly archive: string }>
  change(id: string, action: "start" | "stop"): Promise<AgentView>
}

export async function openAgents(home: string): Promise<Agents> {
  const client = new DaemonClient(home)
  try {
    const { agents, asking_agent: askingAgent } = await client.status()
    return {
      isServiceUp: true,
      askingAgent,
      list: async () => agents,
      hire: (order) => client.hire(order),
      fire: (id) => client.fire(id),
      change: (id, action) => client.change(id, action),
    }
  } catch (error) {
    if (!(error instanceof DaemonDownError)) throw error
    return agentsInFolders(home)
  }
}

function agentsInFolders(home: string): Agents {
  const folder = new RosterFolder(home, (_level, message, fields) =>
    note(`${message} ${JSON.stringify(fields ?? {})}`),
  )
  const read = async (): Promise<readonly RosterEntry[]> => {
    if (!existsSync(home)) return []
    try {
      await folder.read()
    } catch (error) {
      throw storageFailed(`${home} cannot be read`, error)
    }
    return folder.entries
  }
  // As a start of the service would: whoever is made or changed first becomes one of ours, and
  // nobody gets a name that an agent of release 0.2.0 has. Rejects with `ConfigError`, as that
  // start would.
  const takeOver = async (): Promise<void> => {
    if (!existsSync(home) || (await agentsToTakeOver(home)).length === 0) return
    for (const line of takeOverLines(await takeOverHome(home, configOf({ home })))) note(line)
  }
  const viewOf = async (id: string): Promise<AgentView> => {
    const entry = (await read()).find((each) => each.id === id)
    if (entry !== undefined) return toView(entry)
    throw new ProxyError("agent_not_found", `There is no agent '${id}'. Type \`ai-agent-proxy list\`.`)
  }
  return {
    isServiceUp: false,
    askingAgent: null,
    list: async () => {
      const own = (await read()).map(toView)
      const older = await oldViews(home)
      return [...own, ...older.filter(({ id }) => !own.some((each) => each.id === id))]
    },
    hire: async ({ role, name, settings }) => {
      await takeOver()
      for (const warning of await openHome(home)) note(warning)
      const { id, isNew } = await folder.create({ role, name, ...(settings !== undefined && { settings }) })
      if (!isNew) await folder.change(id, { desiredState: "running" })
      return { agent: await viewOf(id), isNew }
    },
    fire: async (id) => {
      await takeOver()
      await viewOf(id)
      return { archive: await folder.archive(id, new Date()) }
    },
    change: async (id, action) => {
      await takeOver()
      await viewOf(id)
      await folder.change(id, { desiredState: action === "stop" ? "stopped" : "running" })
      return viewOf(id)
    },
  }
}

/** Agents of release 0.2.0 that come along at the next start. */
async function oldViews(home: string): Promise<readonly AgentView[]> {
  if (!existsSync(home)) return []
  const views = (await agentsToTakeOver(home)).map(async (id) => {
    const parts = parseAgentId(id)
    if (parts === null) return []
    const desiredState = (await isOldStopped(home, id)) ? "stopped" : "running"
    return [toView({ id, ...parts, control: { cli: null, backend: null, desiredState }, problem: null })]
  })
  return (await Promise.all(views)).flat()
}

type Seen = Pick<RosterEntry, "id" | "role" | "name" | "problem"> & {
  readonly control: Pick<AgentSettings, "cli" | "backend" | "desiredState"> | null
}

function toView({ id, role, name, control, problem }: Seen): AgentView {
  const isStopped = control?.desiredState === "stopped"
  return {
    id,
    role,
    name: name ?? role,
    state: isStopped ? "stopped" : "down",
    backend: control?.backend ?? "",
    program: control?.cli ?? "",
    readiness: {
      isReady: false,
      reason: isStopped ? "it was stopped" : "the service is not running",
      nextStep: isStopped ? `Type \`ai-agent-proxy start ${id}\`.` : "Type `ai-agent-proxy daemon`.",
      detail: null,
    },
    capabilities: null,
    pid: null,
    lastExit: null,
    restarts: 0,
    loginProblem: null,
    controlProblem: problem,
    loadedThreads: 0,
    runningTurns: 0,
    queuedTurns: 0,
    lastActiveAt: null,
  }
}
