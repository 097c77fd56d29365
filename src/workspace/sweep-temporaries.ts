import { lstat, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { inFolder } from "../disk/held-folder.ts"
import { writerOf } from "../disk/temporary-name.ts"
import { systemCodeOf } from "../domain/file-problem.ts"
import { parseAgentId } from "./agent-id.ts"

/** Those of earlier releases do not say who writes them: nobody takes so long. */
const oldMs = 10 * 60_000

/** In an agent's folder, wherever the service replaces files. */
const agentFolders = ["", "control", "control/exec-threads", "memory", "notes", "logs", "inbox"]

/**
 * Removes what killed processes of ours have left half-written in the home and the agents' folders, by the exact form of the name,
 * and only where the process is gone that wrote it. To be called before this process writes anything there itself: its own id
 * is that of an earlier one then, as in containers. Resolves with what was removed; what cannot be removed is left.
 */
export async function sweepTemporaries(home: string, now: number): Promise<readonly string[]> {
  const names = await readdir(home)
  const places = [
    { root: home, folder: "" },
    ...(names.includes(".bin") ? [{ root: home, folder: ".bin" }] : []),
    ...names
      .filter((name) => parseAgentId(name) !== null)
      .flatMap((name) => agentFolders.map((folder) => ({ root: join(home, name), folder }))),
  ]
  const removed: string[] = []
  for (const place of places) {
    const sweep = inFolder(place, async ({ path }) => {
      for (const name of await readdir(path)) {
        if (!(await isLeft(join(path, name), name, now))) continue
        await rm(join(path, name), { force: true })
        removed.push(join(place.root, place.folder, name))
      }
    })
    // No such folder, or none that is an agent's own: what is written there comes upon it.
    await sweep.catch(() => {})
  }
  return removed
}

async function isLeft(path: string, name: string, now: number): Promise<boolean> {
  const writer = writerOf(name)
  if (writer === null) return false
  const stats = await lstat(path)
  if (!stats.isFile()) return false
  return writer === 0 ? stats.mtimeMs < now - oldMs : writer === process.pid || !isRunning(writer)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as another user.
    return systemCodeOf(error) === "EPERM"
  }
}
