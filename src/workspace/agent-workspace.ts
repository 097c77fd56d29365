import { mkdir, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { AgentSettings } from "../domain/agents.ts"
import type { ProxyError } from "../domain/errors.ts"
import { storageFailed } from "../domain/file-problem.ts"
import { type AgentControl, controlFile, defaultSettings, formatControl } from "./agent-control.ts"
import { agentIdOf } from "./agent-id.ts"
import { instructionFiles, memory } from "./templates.ts"
import { codeOf, createAtomic, removeTemporariesIn } from "./write-atomic.ts"

export interface AgentWorkspaceOptions {
  readonly role: string
  /** Null: the role alone is the agent's id, as the manager's. */
  readonly name: string | null
  /** For `control/agent.json`, where there is none yet. */
  readonly settings?: Partial<AgentSettings>
}

export interface AgentWorkspace {
  readonly id: string
  /** Absolute path of its folder. */
  readonly path: string
  /** False: there was an agent of this id. */
  readonly isNew: boolean
}

const folders = ["memory", "notes", "control", "inbox", "logs"]

/**
 * Makes the agent's workspace in the home, or completes it. Existing files are never touched: they are the agent's and
 * its people's. Rejects with `RangeError` for a role or name that cannot be a folder's name, with `ProxyError` where a
 * folder or file cannot be made.
 */
export async function ensureAgentWorkspace(
  home: string,
  { role, name, settings = {} }: AgentWorkspaceOptions,
): Promise<AgentWorkspace> {
  const id = agentIdOf(role, name)
  const workspace = join(home, id)
  const isOurs = await makeOwnFolder(workspace)
  try {
    for (const folder of folders) await makeFolder(join(workspace, folder))
    // Without its control file it is no agent yet: an earlier try was ended half-way.
    if (!isOurs && !(await exists(join(workspace, controlFile)))) await clearTemporaries(workspace)
    const files = { ...instructionFiles(id, role), "memory/memory.md": memory }
    for (const [file, text] of Object.entries(files)) await makeFile(join(workspace, file), text)
    // The last of all: it is what makes the folder an agent.
    const control: AgentControl = { ...defaultSettings, ...settings, role, name }
    const isNew = await makeFile(join(workspace, controlFile), formatControl(control))
    return { id, path: workspace, isNew }
  } catch (error) {
    // On a full disk: half an agent would be in the way of the next try. What went wrong first is what is told. Somebody who
    // hired the same at the same time may have completed it.
    const isHalf = isOurs && !(await exists(join(workspace, controlFile)))
    if (isHalf) await rm(workspace, { recursive: true, force: true }).catch(() => {})
    throw error
  }
}

async function clearTemporaries(workspace: string): Promise<void> {
  for (const folder of [".", "memory", dirname(controlFile)]) {
    await removeTemporariesIn(join(workspace, folder))
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null
}

async function makeFile(path: string, text: string): Promise<boolean> {
  try {
    return await createAtomic(path, text)
  } catch (error) {
    throw storageFailed(`${path} cannot be written`, error)
  }
}

/** False: there was one. Of two that come at the same time, one makes it. Rejects with `ProxyError`. */
async function makeOwnFolder(path: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw notMade(path, error)
  }
  try {
    await mkdir(path, { mode: 0o700 })
    return true
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw notMade(path, error)
    // A file of that name is found out by what shall be in the folder.
    return false
  }
}

/** Makes a folder with those above it, for this user only. Rejects with `ProxyError`. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw notMade(path, error)
  }
}

function notMade(path: string, error: unknown): ProxyError {
  return storageFailed(`The folder ${path} cannot be made`, error)
}
