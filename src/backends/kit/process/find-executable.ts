import { accessSync, constants, existsSync, statSync } from "node:fs"
import path, { basename } from "node:path"
import { demoCli } from "../../../domain/agent-clis.ts"
import { StartError } from "./start-error.ts"

/**
 * Absolute path of a program, looked for in a `PATH` value; null: there is none that may be run. A name with a slash
 * is a path already. Read anew on every call, so that a program installed later is found.
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

interface Program {
  /** Name or path. */
  readonly executable: string
  /** The agent's workspace, where it runs. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Absolute path of a program that can be started now. Throws `StartError`; `installStep` is how to get the program. */
export function startableProgram({ executable, cwd, env }: Program, installStep: string): string {
  const file = findExecutable(executable, env.PATH)
  if (file === null) {
    throw new StartError(
      `\`${basename(executable)}\` is not on the PATH of this service, or may not be run`,
      `${installStep}, or set the agent's CLI to its full path.`,
      { detail: executable.includes("/") ? executable : null },
    )
  }
  if (!existsSync(cwd)) {
    throw new StartError(
      "the agent's workspace does not exist",
      "Create the folder, or hire the agent again.",
      { detail: cwd },
    )
  }
  return file
}
