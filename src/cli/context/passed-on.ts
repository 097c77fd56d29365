import { cliCommandsOf } from "../../config/cli-commands.ts"
import { refusedArgument } from "../../programs/cli-arguments.ts"
import { UsageError } from "../io/exit-codes.ts"

/**
 * Whoever types `--cli` is told of arguments that would be dropped. `backend`: the kind, null as the program's name tells. Throws
 * `UsageError`, and `SyntaxError` for a value that names no program.
 */
export async function assertPassedOn(cli: string, backend: string | null): Promise<void> {
  // Loaded only here: it is all backends.
  const { kindOfProgram } = await import("../../backends/create-backend.ts")
  for (const { program, args } of cliCommandsOf(cli)) {
    const problem = refusedArgument(backend ?? kindOfProgram(program), args)
    if (problem !== null) throw new UsageError(`--cli: ${problem}.`)
  }
}
