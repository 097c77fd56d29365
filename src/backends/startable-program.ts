import { existsSync } from "node:fs"
import { basename } from "node:path"
import { findExecutable } from "./find-executable.ts"
import { StartError } from "./start-error.ts"

export interface Program {
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
