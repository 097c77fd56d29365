import { resolve } from "node:path"
import type { Command } from "commander"
import { cliCommandsOf } from "../../config/cli-commands.ts"
import type { AgentSettings } from "../../domain/agents.ts"
import { messageOf } from "../../domain/errors.ts"
import { UsageError } from "../io/exit-codes.ts"

/** How a new agent is run. */
export interface AgentFlags {
  readonly cli?: string
  readonly backend?: string
  readonly model?: string
  readonly effort?: string
  readonly permissions?: string
  readonly workingDir?: string
  readonly env?: string
}

export function withAgentFlags(command: Command): Command {
  return command
    .option("--cli <command>", "its agent CLI (default: the service's)")
    .option("--backend <kind>", "kind of its CLI, where the name does not tell")
    .option("--model <name>", "model for its CLI")
    .option("--effort <effort>", "reasoning effort of turns that ask for none")
    .option("--permissions <permissions>", "full, workspace or read-only (default full)")
    .option("--working-dir <folder>", "folder that its tasks are about (default: work/ in its own)")
    .option("--env <names>", "environment variables that it may see, separated by commas")
}

/** Throws `UsageError`. */
export function settingsOf(flags: AgentFlags): Partial<AgentSettings> {
  const { cli, backend, model, effort, permissions, workingDir, env } = flags
  if (permissions !== undefined && !isPermissions(permissions)) {
    throw new UsageError(`--permissions is full, workspace or read-only, not '${permissions}'.`)
  }
  const names = env?.split(",").flatMap((name) => name.trim() || [])
  const wrong = names?.find((name) => !/^[A-Za-z_]\w*$/.test(name))
  if (wrong !== undefined) throw new UsageError(`--env takes names of variables; '${wrong}' is none.`)
  return {
    ...(cli !== undefined && { cli: checkedCli(cli) }),
    ...(backend !== undefined && { backend }),
    ...(model !== undefined && { model }),
    ...(effort !== undefined && { effort }),
    ...(permissions !== undefined && { permissions }),
    ...(workingDir !== undefined && { workingDir: resolve(workingDir) }),
    ...(names !== undefined && { env: names }),
  }
}

function isPermissions(value: string): value is AgentSettings["permissions"] {
  return ["full", "workspace", "read-only"].includes(value)
}

/** A path that was typed is made absolute: the agent runs in another folder. */
function checkedCli(cli: string): string {
  try {
    const [{ program }] = cliCommandsOf(cli)
    if (!program.startsWith("./") && !program.startsWith("..")) return cli
    const typed = cli.trimStart()
    return typed.startsWith(program) ? resolve(program) + typed.slice(program.length) : resolve(program)
  } catch (error) {
    throw new UsageError(`--cli cannot be used: ${messageOf(error)}.`)
  }
}
