import { isAbsolute, resolve } from "node:path"
import { executableOf } from "./executable-of.ts"

/**
 * The executable of an agent's own `cli`: a bare name to be looked up in PATH, or an absolute path. Throws `SyntaxError`
 * with a sentence for people; a path must not depend on the folder that the agent runs in.
 */
export function programPath(cli: string, homeDir: string): string {
  const program = executableOf(cli)
  if (!program.includes("/")) return program
  if (program.startsWith("~/")) return resolve(homeDir, program.slice(2))
  if (isAbsolute(program)) return resolve(program)
  throw new SyntaxError(`${JSON.stringify(cli)} must be a name, an absolute path, or begin with ~/`)
}
