import { readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { z } from "zod"
import { cliCommandsOf } from "../../config/cli-commands.ts"
import type { Config } from "../../config/config.ts"
import { inFolder } from "../../disk/held-folder.ts"
import { readOwnFile } from "../../disk/own-file.ts"
import type { AgentSettings } from "../../domain/agents.ts"
import { messageOf } from "../../domain/errors.ts"
import { parseAgentId } from "../agent/agent-id.ts"
import { ensureAgentWorkspace } from "../agent/agent-workspace.ts"
import { decodeFile } from "../agent/text-file.ts"

/** What release 0.2.0 has left of an agent in the home, and what became of it. */
export interface TakenOver {
  /** Ids of the agents that are ours from now on, with all that is in their folders. */
  readonly agents: readonly string[]
  /** Folders that look like its agents and cannot be ours, with the reason, for people. */
  readonly left: readonly { readonly folder: string; readonly why: string }[]
  /** What became of the session that its manager talked in. Absent: that is not decided yet. */
  readonly session?: OldSessionNote | undefined
}

/** `thread`: the CLI's name of it; null: there was none. `note` for people. */
export interface OldSessionNote {
  readonly thread: string | null
  readonly note: string
}

/** What agents have that name nothing else. */
export type ServiceDefaults = Pick<Config, "cliCommands" | "workingDirectory">

/** In an agent's `control/`: what that release wrote. Ours are `agent.json` and `identity`. */
const marks = ["runtime.json", "queue", "processed"]
const ours = ["agent.json", "identity"]
/** Why a folder whose name is no id cannot be ours. */
export const unfitName = "role and name must be 1 to 32 lower-case letters, digits or hyphens each"
const maxFileBytes = 64 * 1024
/** It handles one after the other: more of them wait only where it was never started again. */
const maxRequests = 1000

/** No path and no argument has a zero in it. */
const text = z
  .string()
  .trim()
  .min(1)
  .regex(/^[^\0]*$/)
  .nullish()

/** `control/runtime.json`: how the agent was started last. All else in it is of no use here. */
const runtimeSchema = z.object({ autostart: z.boolean().default(true), cli: text, working_dir: text })

/** A file of `control/queue/`: what a command asked for while that service was down. */
const requestSchema = z.object({ action: z.enum(["connect", "stop"]), cli: text, working_dir: text })

type Runtime = z.output<typeof runtimeSchema>

/**
 * Gives each agent that release 0.2.0 has left in the home a control file; nothing that is there is
 * changed, so that the older program may go on with them. An agent whose control file a person has
 * removed since has an identity, and is not taken again. `folders`: those of them, where they are
 * known already. May be done again after one that was ended half-way. Rejects with `ProxyError`
 * where the home cannot be read or an agent's folder not be completed.
 */
export async function takeOverAgents(
  home: string,
  defaults: ServiceDefaults,
  folders?: readonly string[],
): Promise<TakenOver> {
  const agents: string[] = []
  const left: { folder: string; why: string }[] = []
  for (const folder of folders ?? (await oldAgents(home))) {
    const id = parseAgentId(folder)
    if (id === null) {
      left.push({ folder, why: unfitName })
      continue
    }
    const refused: string[] = []
    const settings = await settingsOf(join(home, folder), defaults).catch((error: unknown) => {
      refused.push(messageOf(error))
      return {}
    })
    await ensureAgentWorkspace(home, { ...id, settings }, (error) => refused.push(error.message))
    agents.push(folder)
    for (const why of new Set(refused)) left.push({ folder: `${folder}/control`, why })
  }
  return { agents, left }
}

/**
 * Names of folders, sorted: agents of that release that are not taken over yet. Those of `begun`
 * are among them whatever of ours they have already: taking them over was ended half-way, perhaps.
 */
export async function oldAgents(home: string, begun: readonly string[] = []): Promise<string[]> {
  const entries = await readdir(home, { withFileTypes: true })
  const found: string[] = []
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const root = join(home, name)
    const [own, control] = await Promise.all([namesIn(root, ""), namesIn(root, "control")])
    const isOld = own.includes("AGENTS.md") && marks.some((mark) => control.includes(mark))
    if (isOld && (begun.includes(name) || !ours.some((file) => control.includes(file)))) found.push(name)
  }
  return found.toSorted()
}

/** Empty for what is no folder, or cannot be looked into: no agent to be taken over. */
function namesIn(root: string, folder: string): Promise<string[]> {
  return inFolder({ root, folder }, ({ path }) => readdir(path)).catch(() => [])
}

/** Whether an agent of `oldAgents` was stopped, or is to be at the next start. */
export async function isOldStopped(home: string, folder: string): Promise<boolean> {
  const runtime = await runtimeOf(join(home, folder)).catch(() => null)
  return runtime?.autostart === false
}

/** Its CLI and its folder, as far as they can be read; also once it was taken over. */
export async function oldRuntime(
  workspace: string,
): Promise<{ cli: string | null; workingDir: string | null }> {
  const runtime = await runtimeOf(workspace).catch(() => null)
  return { cli: runtime?.cli ?? null, workingDir: runtime?.working_dir ?? null }
}

/** Rejects with an error for people where the file is there and cannot be understood. */
async function settingsOf(workspace: string, defaults: ServiceDefaults): Promise<Partial<AgentSettings>> {
  const { autostart, cli, working_dir: workingDir } = await runtimeOf(workspace)
  return {
    cli: cli == null || isDefaultCli(cli, defaults) ? null : cli,
    workingDir: workingDirOf(workingDir ?? null, workspace, defaults),
    desiredState: autostart ? "running" : "stopped",
  }
}

/** How it ran last, and what was asked for since. Hired while that service was down: never. */
async function runtimeOf(workspace: string): Promise<Runtime> {
  const hasRun = (await namesIn(workspace, "control")).includes("runtime.json")
  const last = hasRun ? runtimeSchema.safeParse(await jsonIn(workspace, "control/runtime.json")) : null
  if (last !== null && !last.success) {
    throw new Error(
      `${join(workspace, "control/runtime.json")} is not understood: it has the settings of the service`,
    )
  }
  let runtime: Runtime = last?.data ?? { autostart: true }
  for (const request of await requestsOf(workspace)) {
    runtime =
      request.action === "stop"
        ? { ...runtime, autostart: false }
        : {
            autostart: true,
            cli: request.cli ?? runtime.cli,
            working_dir: request.working_dir ?? runtime.working_dir,
          }
  }
  return runtime
}

/** In the order of their names, which is that of their making. Others were never done. */
async function requestsOf(workspace: string): Promise<z.output<typeof requestSchema>[]> {
  const names = (await namesIn(workspace, "control/queue")).filter((name) => name.endsWith(".json"))
  const found: z.output<typeof requestSchema>[] = []
  for (const name of names.toSorted().slice(-maxRequests)) {
    const content = await jsonIn(workspace, `control/queue/${name}`).catch(() => null)
    const { data } = requestSchema.safeParse(content)
    if (data !== undefined) found.push(data)
  }
  return found
}

async function jsonIn(workspace: string, path: string): Promise<unknown> {
  return jsonOf(decodeFile(await readOwnFile({ root: workspace, path }, maxFileBytes)))
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

/** The manager was started in the service's folder, others in their own where nobody gave one. */
function workingDirOf(
  path: string | null,
  workspace: string,
  { workingDirectory }: ServiceDefaults,
): string | null {
  if (path === workingDirectory || (path === null && basename(workspace) === "manager")) return null
  // It stays the same when the home is moved.
  return path === null || path === workspace || !path.startsWith("/") ? "./" : path
}
