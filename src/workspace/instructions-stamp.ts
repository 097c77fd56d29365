import { statSync } from "node:fs"

/** What CLIs read of a workspace by themselves, whichever of them it is. `SOUL.md` is read by the agent. */
const files = ["AGENTS.md", "CLAUDE.md", "GEMINI.md"]

/** Another one once one of the files was edited, made or removed. They are not opened: that takes some microseconds. */
export function instructionsStamp(workspace: string): string {
  return files.map((name) => stampOf(`${workspace}/${name}`)).join(" ")
}

function stampOf(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats === undefined ? "-" : `${stats.ino}/${stats.size}/${stats.mtimeMs}`
  } catch {
    // A link in a circle, or no permission: its CLI cannot read it either.
    return "-"
  }
}
