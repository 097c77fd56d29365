import { readFile, rename } from "node:fs/promises"
import { join } from "node:path"
import { storageFailed } from "../domain/file-problem.ts"
import { instructionFiles } from "./templates.ts"
import { codeOf, createAtomic, writeAtomic } from "./write-atomic.ts"

/**
 * Writes the instructions of a workspace anew. A file that differs is kept beside the new one; memory, notes and settings
 * are not touched. Resolves with the paths of what was kept.
 */
export async function renewTemplates(
  home: string,
  id: string,
  role: string,
  now: Date,
): Promise<readonly string[]> {
  const stamp = now.toISOString().replace(/[:.]/g, "-").slice(0, 19)
  const kept: string[] = []
  for (const [name, text] of Object.entries(instructionFiles(id, role))) {
    const path = join(home, id, name)
    try {
      const before = await readFile(path, "utf8")
      if (before === text) continue
      const backup = `${path}.${stamp}.bak`
      // Never over an earlier backup.
      if (!(await createAtomic(backup, before))) await rename(path, `${backup}.${process.pid}`)
      kept.push(backup)
      await writeAtomic(path, text)
    } catch (error) {
      // There is no such agent, or no such file yet: it is made as for a new one.
      if (codeOf(error) === "ENOENT") continue
      throw storageFailed(`${path} cannot be written`, error)
    }
  }
  return kept
}
