import { chownSync, statSync } from "node:fs"
import { dirname } from "node:path"

/** What root makes in somebody's folder is theirs, or their service could not use it. Throws the system's errors. */
export function giveToOwner(path: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(dirname(path))
  chownSync(path, uid, gid)
}
