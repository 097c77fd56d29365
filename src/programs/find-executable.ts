import { accessSync, constants, statSync } from "node:fs"
import path from "node:path"
import { demoCli } from "../domain/agent-clis.ts"

/**
 * Absolute path of a program, looked for in a `PATH` value; null: there is none that may be run. A
 * name with a slash is a path already. Read anew on every call, so that a program installed later
 * is found.
 */
export function findExecutable(name: string, pathVariable: string | undefined): string | null {
  if (name === "") return null
  if (name.includes("/")) {
    const absolute = path.resolve(name)
    return isExecutableFile(absolute) ? absolute : null
  }
  for (const folder of (pathVariable ?? "").split(path.delimiter)) {
    if (folder === "") continue
    const candidate = path.resolve(folder, name)
    if (isExecutableFile(candidate)) return candidate
  }
  return null
}

/** True: it may be started now, or is built in. */
export function isThere(program: string, pathVariable: string | undefined): boolean {
  return program === demoCli || findExecutable(program, pathVariable) !== null
}

function isExecutableFile(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    // Missing, a dangling link, or not ours to run: all of them mean that the search goes on.
    return false
  }
}
