import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { inFolderOf } from "../../disk/held-folder.ts"
import { readOwnFile } from "../../disk/own-file.ts"
import { createAtomic } from "../../disk/write-atomic.ts"
import { ProxyError } from "../../domain/errors.ts"
import { storageFailed, systemCodeOf } from "../../domain/file-problem.ts"

/** In the workspace: who the agent is, whatever its folder is called. It goes with the folder into the archive and back. */
const identityFile = "control/identity"
const maxBytes = 1024

/** Of an agent that is hired now; one of before has its id for its identity. */
export function newIdentity(): string {
  return `agent-${randomBytes(12).toString("hex")}`
}

/** Null: it has none yet. Rejects with `agent_control_invalid` for what is none. */
export async function readIdentity(workspace: string): Promise<string | null> {
  const path = join(workspace, identityFile)
  let text: string
  try {
    text = (await readOwnFile({ root: workspace, path: identityFile }, maxBytes)).toString("latin1").trim()
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCodeOf(error))) return null
    throw storageFailed(`${path} cannot be read`, error)
  }
  if (/^[\w-]{1,100}$/.test(text)) return text
  throw new ProxyError(
    "agent_control_invalid",
    `${path} does not hold an agent's identity. Put back what stood there, or delete the file: the agent then begins anew.`,
  )
}

/** Gives it one where it has none; resolves with the one that it has then. Rejects with `ProxyError`. */
export async function giveIdentity(workspace: string, identity: string): Promise<string> {
  const path = join(workspace, identityFile)
  try {
    await inFolderOf({ root: workspace, path: identityFile }, false, (folder, name) =>
      createAtomic(join(folder.path, name), `${identity}\n`),
    )
  } catch (error) {
    throw storageFailed(`${path} cannot be written`, error)
  }
  return (await readIdentity(workspace)) ?? identity
}
