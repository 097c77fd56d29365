import { mkdir, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { inFolder, RefusedEntryError } from "../../disk/held-folder.ts"
import { createOwnFile } from "../../disk/own-file.ts"
import { removeTemporariesIn } from "../../disk/write-atomic.ts"
import type { AgentSettings } from "../../domain/agents.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { storageFailed, systemCodeOf } from "../../domain/file-problem.ts"
import { type AgentControl, controlFile, defaultSettings, formatControl } from "./agent-control.ts"
import { agentIdOf, giveIdentity, newIdentity } from "./agent-id.ts"
import { instructionFiles, memory } from "./templates.ts"

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

/** What the service writes to. */
export const ownFolders = ["memory", "notes", "control", "inbox", "logs"]

/**
 * Makes the agent's workspace in the home, or completes it. Existing files are never touched: they
 * are the agent's and its people's. Rejects with `RangeError` for a role or name that cannot be a
 * folder's name, with `ProxyError` where a folder or file cannot be made. With `onRefused` that is
 * told what of it is a link or no file, and the rest is done.
 */
export async function ensureAgentWorkspace(
  home: string,
  { role, name, settings = {} }: AgentWorkspaceOptions,
  onRefused?: (error: RefusedEntryError) => void,
): Promise<AgentWorkspace> {
  const id = agentIdOf(role, name)
  const workspace = join(home, id)
  const isOurs = await makeOwnFolder(workspace)
  try {
    for (const folder of ownFolders) await unlessRefused(() => makeOwn(workspace, folder), onRefused)
    // Without its control file it is no agent yet: an earlier try was ended half-way.
    if (!isOurs && !(await exists(join(workspace, controlFile)))) await clearTemporaries(workspace)
    const files = { ...instructionFiles(id, role), "memory/memory.md": memory }
    for (const [file, text] of Object.entries(files)) {
      await unlessRefused(() => makeFile(workspace, file, text), onRefused)
    }
    // Whoever is hired is new, also where another agent has had that id. One of before gets its own
    // when it is started.
    if (!(await exists(join(workspace, controlFile)))) {
      await unlessRefused(() => giveIdentity(workspace, newIdentity()), onRefused)
    }
    // The last of all: it is what makes the folder an agent.
    const control: AgentControl = { ...defaultSettings, ...settings, role, name }
    const isNew = await unlessRefused(
      () => makeFile(workspace, controlFile, formatControl(control)),
      onRefused,
    )
    return { id, path: workspace, isNew: isNew === true }
  } catch (error) {
    // On a full disk: half an agent would be in the way of the next try. What went wrong first is
    // what is told. Somebody who hired the same at the same time may have completed it.
    const isHalf = isOurs && !(await exists(join(workspace, controlFile)))
    if (isHalf) await rm(workspace, { recursive: true, force: true }).catch(() => {})
    throw error
  }
}

/** Makes them again. `onProblem` is told what is in the way; the agent works without. */
export async function ensureOwnFolders(
  workspace: string,
  onProblem: (problem: string) => void,
): Promise<void> {
  for (const folder of ownFolders) {
    await makeOwn(workspace, folder).catch((error: unknown) => onProblem(messageOf(error)))
  }
}

async function clearTemporaries(workspace: string): Promise<void> {
  for (const folder of ["", "memory", dirname(controlFile)]) {
    const cleared = inFolder({ root: workspace, folder }, ({ path }) => removeTemporariesIn(path))
    await cleared.catch((error: unknown) => {
      // What is in the way there comes up again when the files are made.
      if (!(error instanceof RefusedEntryError)) throw error
    })
  }
}

async function unlessRefused<T>(
  work: () => Promise<T>,
  onRefused: ((error: RefusedEntryError) => void) | undefined,
): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    const refused = error instanceof ProxyError ? error.cause : error
    if (onRefused === undefined || !(refused instanceof RefusedEntryError)) throw error
    onRefused(refused)
    return null
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null
}

async function makeFile(root: string, path: string, text: string): Promise<boolean> {
  try {
    return await createOwnFile({ root, path }, text)
  } catch (error) {
    throw storageFailed(`${join(root, path)} cannot be written`, error)
  }
}

/** False: there was one. Of two at the same time, one makes it. Rejects with `ProxyError`. */
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
    if (systemCodeOf(error) !== "EEXIST") throw notMade(path, error)
    // A file of that name is found out by what shall be in the folder.
    return false
  }
}

/** A folder of the agent, with what is missing on the way. Rejects with `ProxyError`. */
async function makeOwn(root: string, folder: string): Promise<void> {
  try {
    await inFolder({ root, folder, isMade: true }, async () => {})
  } catch (error) {
    throw notMade(join(root, folder), error)
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
