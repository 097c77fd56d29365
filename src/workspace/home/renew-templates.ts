import { lstat, rename } from "node:fs/promises"
import { join } from "node:path"
import { type HeldFolder, inFolder } from "../../disk/held-folder.ts"
import { readEntry } from "../../disk/own-file.ts"
import { RefusedEntryError } from "../../disk/refused-entry-error.ts"
import { createAtomic, writeAtomic } from "../../disk/write-atomic.ts"
import { storageFailed, systemCodeOf } from "../../domain/file-problem.ts"
import { instructionFiles } from "../agent/templates.ts"

const maxInstructionBytes = 16 * 1024 * 1024

/**
 * Writes the instructions of a workspace anew. A file that differs is kept beside the new one, and so is what lies there and is
 * no file; memory, notes and settings are not touched. Resolves with the paths of what was kept.
 */
export async function renewTemplates(
  home: string,
  id: string,
  role: string,
  now: Date,
): Promise<readonly string[]> {
  const stamp = now.toISOString().replace(/[:.]/g, "-").slice(0, 19)
  const kept: string[] = []
  const root = join(home, id)
  for (const [name, text] of Object.entries(instructionFiles(id, role))) {
    try {
      const backup = await inFolder({ root, folder: "" }, (folder) => renew(folder, name, text, stamp))
      if (backup !== null) kept.push(join(root, backup))
    } catch (error) {
      // There is no such agent, or no such file yet: it is made as for a new one.
      if (systemCodeOf(error) === "ENOENT") continue
      throw storageFailed(`${join(root, name)} cannot be written`, error)
    }
  }
  return kept
}

/** The name of what was kept; null: there is nothing to keep. */
async function renew(folder: HeldFolder, name: string, text: string, stamp: string): Promise<string | null> {
  const path = join(folder.path, name)
  const before = await bytesOf(folder, name)
  if (before?.equals(Buffer.from(text)) === true) return null
  let backup = `${name}.${stamp}.bak`
  // A link or a pipe has no content of its own: it is moved.
  if (before === null || !(await createAtomic(join(folder.path, backup), before))) {
    // Never over an earlier backup.
    if (await isThere(join(folder.path, backup))) backup = `${backup}.${process.pid}`
    await rename(path, join(folder.path, backup))
  }
  await writeAtomic(path, text)
  return backup
}

/** Null: it is no plain file. */
async function bytesOf(folder: HeldFolder, name: string): Promise<Buffer | null> {
  try {
    return await readEntry(folder, name, maxInstructionBytes)
  } catch (error) {
    if (error instanceof RefusedEntryError) return null
    throw error
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null
}
