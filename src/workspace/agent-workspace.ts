import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { AgentProfile } from "../domain/agents.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import { memory, pointerToInstructions, roleInstructions, soul } from "./templates.ts"
import { createAtomic } from "./write-atomic.ts"

export interface AgentWorkspaceOptions {
  readonly role: string
  /** Null: the role alone is the agent's id, as the manager's. */
  readonly name: string | null
  /** Absolute; made where it is missing. */
  readonly workingDirectory: string
  /** Program, backend and model of this agent for `control/agent.json`; null or absent: as configured for the service. */
  readonly cli?: string | null
  readonly backend?: string | null
  readonly model?: string | null
}

/** No dots and slashes: these become folder names. The role has no `_`, which stands between role and name. */
const rolePattern = /^[a-z][a-z0-9-]{0,31}$/
const namePattern = /^[a-z0-9][a-z0-9_-]{0,31}$/

const folders = ["memory", "notes", "control", "inbox", "logs"]

/**
 * Makes the agent's workspace in the home, or completes it. Existing files are never touched: they are the agent's and
 * its people's. Rejects with `RangeError` for a role or name that cannot be a folder's name, with `ProxyError` where a
 * folder cannot be made.
 */
export async function ensureAgentWorkspace(
  home: string,
  options: AgentWorkspaceOptions,
): Promise<AgentProfile> {
  const { role, name, workingDirectory } = options
  const id = agentIdOf(role, name)
  const workspace = join(home, id)
  await makeFolder(workspace)
  for (const folder of folders) await makeFolder(join(workspace, folder))
  await makeFolder(workingDirectory)

  const files: Record<string, string> = {
    "AGENTS.md": roleInstructions(id, role),
    "CLAUDE.md": pointerToInstructions,
    "GEMINI.md": pointerToInstructions,
    "SOUL.md": soul,
    "memory/memory.md": memory,
    "control/agent.json": controlFile(options),
  }
  for (const [file, text] of Object.entries(files)) await createAtomic(join(workspace, file), text)
  return { id, role, name: name ?? role, workspace, workingDirectory }
}

/** `manager`, or `role_name`. */
function agentIdOf(role: string, name: string | null): string {
  if (!rolePattern.test(role)) {
    throw new RangeError(
      `The role ${JSON.stringify(role)} must be 1 to 32 lower-case letters, digits or hyphens, beginning with a letter.`,
    )
  }
  if (name === null) return role
  if (!namePattern.test(name)) {
    throw new RangeError(
      `The name ${JSON.stringify(name)} must be 1 to 32 lower-case letters, digits, hyphens or underscores.`,
    )
  }
  return `${role}_${name}`
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ProxyError("internal_error", `The folder ${path} cannot be made: ${messageOf(error)}.`, {
      cause: error,
    })
  }
}

function controlFile(options: AgentWorkspaceOptions): string {
  const control = {
    role: options.role,
    name: options.name,
    cli: options.cli ?? null,
    backend: options.backend ?? null,
    model: options.model ?? null,
    permissions: "full",
    working_dir: options.workingDirectory,
    desired_state: "running",
  }
  return `${JSON.stringify(control, null, 2)}\n`
}
