import { lstatSync, type Stats } from "node:fs"

/** What lies where a plain file or a folder should be is something else, and was left alone. The message names it. */
export class RefusedEntryError extends Error {
  /** As people know it. */
  readonly path: string
  /** The rest of the sentence that begins with the path: `is a named pipe and not a file`. */
  readonly problem: string

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`)
    this.name = "RefusedEntryError"
    this.path = path
    this.problem = problem
  }
}

/** For an entry that is not what was `wanted`. `at`: where it can be looked at, which need not be its name. */
export function refusedEntry(path: string, at: string, wanted: "file" | "folder"): RefusedEntryError {
  const kind = kindOf(lstatSync(at, { throwIfNoEntry: false }))
  const rule =
    kind === "a symbolic link" ? ": the service follows none in an agent's folder" : ` and not a ${wanted}`
  return new RefusedEntryError(path, `is ${kind}${rule}`)
}

function kindOf(stats: Stats | undefined): string {
  if (stats === undefined) return "gone"
  if (stats.isSymbolicLink()) return "a symbolic link"
  if (stats.isDirectory()) return "a folder"
  if (stats.isFIFO()) return "a named pipe"
  if (stats.isSocket()) return "a socket"
  return stats.isFile() ? "a file" : "a device"
}
