import { readdir, rm } from "node:fs/promises"
import path from "node:path"
import type { ThreadRef } from "../../domain/backend.ts"
import { isRef } from "./thread-record.ts"

/** Folders of claude's home in which things are named after a session. */
const folders = ["file-history", "session-env", "tasks", "todos", "debug"]

/** Removes what claude keeps of a session: its transcript, and what lies beside. Harmless when there is nothing. */
export async function deleteSession(env: Readonly<Record<string, string>>, ref: ThreadRef): Promise<void> {
  if (!isRef(ref)) return
  const home = env.CLAUDE_CONFIG_DIR ?? path.join(env.HOME ?? "/", ".claude")
  const projects = path.join(home, "projects")
  const candidates = [
    // The name of a project's folder is made from its path in a way that is claude's own.
    ...(await namesIn(projects)).map((name) => path.join(projects, name)),
    ...folders.map((name) => path.join(home, name)),
  ]
  for (const folder of candidates) {
    for (const name of await namesIn(folder)) {
      if (name.startsWith(ref)) await rm(path.join(folder, name), { recursive: true, force: true })
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch {
    // Not there, or a file.
    return []
  }
}
