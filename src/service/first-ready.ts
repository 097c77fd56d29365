import { isThere } from "../backends/find-executable.ts"
import type { CliCommand } from "../config/cli-commands.ts"
import { type Backend, explain } from "../domain/backend.ts"
import type { Log } from "../domain/log.ts"

export interface ReadyCli {
  readonly command: CliCommand
  readonly backend: Backend
}

/**
 * Of the commands whose program is there, the first that is ready; where none is ready, the first that is there; where none is
 * there, the first. Only where there is a choice is anything started here, and what was not taken is ended again. `create`
 * throws: no more is wanted.
 */
export async function firstReady(
  commands: readonly CliCommand[],
  pathVariable: string | undefined,
  create: (command: CliCommand) => Backend,
  log: Log,
): Promise<ReadyCli> {
  const there = commands.filter(({ program }) => isThere(program, pathVariable))
  const [preferred = { program: "", args: [] }] = [...there, ...commands]
  if (there.length < 2) return { command: preferred, backend: create(preferred) }
  for (const command of there) {
    const backend = create(command)
    const readiness = await backend.readiness()
    if (readiness.isReady) {
      if (command !== preferred) log("info", `${command.program} is used`)
      return { command, backend }
    }
    await backend.stop()
    log("warn", `${command.program} is there and not ready: ${explain(readiness)}`)
  }
  return { command: preferred, backend: create(preferred) }
}
