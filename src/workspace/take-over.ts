import { readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { z } from "zod"
import { cliCommandsOf } from "../config/cli-commands.ts"
import type { Config } from "../config/config.ts"
import { inFolder } from "../disk/held-folder.ts"
import { readOwnFile } from "../disk/own-file.ts"
import type { AgentSettings } from "../domain/agents.ts"
import { messageOf } from "../domain/errors.ts"
import { parseAgentId } from "./agent-id.ts"
import { ensureAgentWorkspace } from "./agent-workspace.ts"
import { decodeFile } from "./text-encoding.ts"

/** What release 0.2.0 has left of an agent in the home, and what became of it. */
export interface TakenOver {
  /** Ids of the agents that are ours from now on, with all that is in their folders. */
  readonly agents: readonly string[]
  /** Folders that look like its agents and cannot be ours, with the reason, for people. */
  readonly left: readonly { readonly folder: string; readonly why: string }[]
}

/** What agents have that name nothing else. */
export type ServiceDefaults = Pick<Config, "cliCommands" | "workingDirectory">

/** In an agent's `control/`: what that release wrote there. Ours are others, `agent.json` and `identity`. */
const marks = ["runtime.json", "queue", "processed"]
const ours = ["agent.json", "identity"]
const maxRuntimeBytes = 64 * 1024

/** `control/runtime.json`: how the agent was started last. All else in it is of no use here. */
const runtimeSchema = z.object({
  autostart: z.boolean().default(true),
  cli: z.string().trim().min(1).nullish(),
  working_dir: z.string().trim().min(1).nullish(),
})

/**
 * Gives each agent that release 0.2.0 has left in the home a control file; nothing that is there is changed, so that the older
 * program may go on with them. An agent whose control file a person has removed since has an identity, and is not taken again.
 * Rejects with `ProxyError` where the home cannot be read or an agent's folder not be completed.
 */
export async function takeOverAgents(home: string, defaults: ServiceDefaults): Promise<TakenOver> {
  const agents: string[] = []
  const left: { folder: string; why: string }[] = []
  for (const folder of await oldAgents(home)) {
    const id = parseAgentId(folder)
    if (id === null) {
      left.push({ folder, why: "role and name must be 1 to 32 lower-case letters, digits or hyphens each" })
      continue
    }
    const refused: string[] = []
    const settings = await settingsOf(join(home, folder), defaults).catch((error: unknown) => {
      refused.push(messageOf(error))
      return {}
    })
    await ensureAgentWorkspace(home, { ...id, settings }, (error) => refused.push(error.message))
    agents.push(folder)
    for (const why of refused) left.push({ folder: `${folder}/control`, why })
  }
  return { agents, left }
}

/** Names of folders, sorted: agents of that release that are not taken over yet. */
export async function oldAgents(home: string): Promise<string[]> {
  const entries = await readdir(home, { withFileTypes: true })
  const found: string[] = []
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const root = join(home, name)
    const [own, control] = await Promise.all([namesIn(root, ""), namesIn(root, "control")])
    const isOld = own.includes("AGENTS.md") && marks.some((mark) => control.includes(mark))
    if (isOld && !ours.some((file) => control.includes(file))) found.push(name)
  }
  return found.toSorted()
}

/** Empty where there is no such folder, or it cannot be looked into: then it is no agent that could be taken over. */
function namesIn(root: string, folder: string): Promise<string[]> {
  return inFolder({ root, folder }, ({ path }) => readdir(path)).catch(() => [])
}

/** Rejects with an error for people where the file is there and cannot be understood. */
async function settingsOf(workspace: string, defaults: ServiceDefaults): Promise<Partial<AgentSettings>> {
  const control = await namesIn(workspace, "control")
  // It was initialised or hired while that service was down, and has never run.
  if (!control.includes("runtime.json")) return { workingDir: workingDirOf(null, workspace, defaults) }
  const bytes = await readOwnFile({ root: workspace, path: "control/runtime.json" }, maxRuntimeBytes)
  const parsed = runtimeSchema.safeParse(jsonOf(decodeFile(bytes)))
  if (!parsed.success) {
    throw new Error(
      `${join(workspace, "control/runtime.json")} is not understood: it has the settings of the service`,
    )
  }
  const { autostart, cli, working_dir: workingDir } = parsed.data
  return {
    cli: cli == null || isDefaultCli(cli, defaults) ? null : cli,
    workingDir: workingDirOf(workingDir ?? null, workspace, defaults),
    desiredState: autostart ? "running" : "stopped",
  }
}

/** The same program with the same arguments, however it is written. */
function isDefaultCli(cli: string, { cliCommands }: ServiceDefaults): boolean {
  try {
    return isDeepStrictEqual(cliCommandsOf(cli), cliCommands)
  } catch {
    // Whoever starts it says what is wrong with it.
    return false
  }
}

function jsonOf(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "")
  } catch {
    return null
  }
}

/** That release started the manager in the folder of the service, and others in their own where nobody gave one. */
function workingDirOf(
  path: string | null,
  workspace: string,
  { workingDirectory }: ServiceDefaults,
): string | null {
  if (path === workingDirectory || (path === null && basename(workspace) === "manager")) return null
  // It stays the same when the home is moved.
  return path === null || path === workspace || !path.startsWith("/") ? "./" : path
}
