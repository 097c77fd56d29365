import { stat } from "node:fs/promises"
import { join } from "node:path"
import { inFolder, inFolderOf } from "../../disk/held-folder.ts"
import { openEntry } from "../../disk/own-file.ts"
import { messageOf } from "../../domain/errors.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import { ownFolders } from "../../workspace/agent/agent-workspace.ts"
import { localDay } from "../../workspace/agent/notes.ts"
import { readBothEnds } from "../../workspace/agent/read-excerpt.ts"
import { RosterFolder } from "../../workspace/home/roster-folder.ts"
import { type HealthCheck, ok, warning } from "../machine/health-check.ts"

/** As much of a text as is looked at. */
const maxBytes = 4_096

/** What is left alone or missed in agents' folders: links, pipes, no texts, what is gone. */
export async function checkAgentFolders(home: string): Promise<readonly HealthCheck[]> {
  const roster = new RosterFolder(home, () => {})
  try {
    await roster.read()
  } catch {
    // What is wrong with the home itself is told by other checks.
    return []
  }
  const { entries } = roster
  if (entries.length === 0) return []
  const checks = (await Promise.all(entries.map(({ workspace }) => checkFolder(workspace)))).flat()
  if (checks.length > 0) return checks
  return [ok("folders", `${entries.map(({ id }) => id).join(", ")}: all can be read and written`)]
}

async function checkFolder(root: string): Promise<readonly HealthCheck[]> {
  const checks: HealthCheck[] = []
  const usable = new Set<string>()
  for (const folder of ownFolders) {
    try {
      await inFolder({ root, folder }, async () => {})
      usable.add(folder)
    } catch (error) {
      checks.push(folderProblem(join(root, folder), error))
    }
  }
  const note = `notes/daily-${localDay(new Date())}.md`
  for (const path of ["memory/memory.md", note, "logs/turns.jsonl", "logs/backend.log"]) {
    const [folder = ""] = path.split("/")
    if (!usable.has(folder)) continue
    // Of a log it is only asked whether it is a file.
    const look = (): Promise<unknown> =>
      folder === "logs"
        ? inFolderOf({ root, path }, false, async (held, name) => (await openEntry(held, name)).close())
        : readBothEnds({ root, path }, maxBytes)
    const problem = await problemOf(look)
    if (problem !== null)
      checks.push(
        warning(
          "folders",
          problem,
          "move it elsewhere; the service makes another one, or put a text file there",
        ),
      )
  }
  for (const name of ["AGENTS.md", "SOUL.md", "CLAUDE.md", "GEMINI.md"]) {
    const problem = await problemOf(() => assertFile(join(root, name)))
    if (problem !== null)
      checks.push(warning("folders", problem, "put a text file in its place: its CLI reads it"))
  }
  return checks
}

function folderProblem(path: string, error: unknown): HealthCheck {
  if (systemCodeOf(error) !== "ENOENT") {
    return warning(
      "folders",
      messageOf(error),
      `put a folder in its place, and start the agent again: ${path}`,
    )
  }
  return warning(
    "folders",
    `${path} is missing`,
    "nothing: the next start, or what is written there, makes it again",
  )
}

/** Its CLI follows links, and reads what it finds. */
async function assertFile(path: string): Promise<void> {
  if (!(await stat(path)).isFile()) throw new Error(`${path} is no file`)
}

/** Null: there is none, or it is missing. */
async function problemOf(look: () => Promise<unknown>): Promise<string | null> {
  try {
    await look()
    return null
  } catch (error) {
    return systemCodeOf(error) === "ENOENT" ? null : messageOf(error)
  }
}
