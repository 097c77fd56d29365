import { isAbsolute, resolve } from "node:path"
import { type CliCommand, cliCommandsOf } from "./cli-commands.ts"

/**
 * The commands of an agent's own `cli`, their programs bare names or absolute paths. Throws `SyntaxError` with a sentence for
 * people; a path must not depend on the folder that the agent runs in.
 */
export function agentCommands(cli: string, homeDir: string): readonly CliCommand[] {
  return cliCommandsOf(cli).map(({ program, args }) => ({ program: programPath(program, homeDir), args }))
}

function programPath(program: string, homeDir: string): string {
  if (!program.includes("/")) return program
  if (program.startsWith("~/")) return resolve(homeDir, program.slice(2))
  if (isAbsolute(program)) return resolve(program)
  throw new SyntaxError(`${JSON.stringify(program)} must be a name, an absolute path, or begin with ~/`)
}
