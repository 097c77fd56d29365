import type { ThreadReach, TurnInput } from "../../domain/backend.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { FunctionChannel } from "../kit/turn/function-channel.ts"
import { bytesOf, maxArgumentBytes } from "../kit/turn/prompt.ts"
import { functionFlags, tomlString } from "./functions.ts"
import type { ExecProfile } from "./probe.ts"

/** Where a turn runs: a new session of the CLI, its newest one in this folder, or one by its id. */
export type SessionTarget = "new" | "last" | { readonly id: string }

export interface CommandParts {
  readonly profile: ExecProfile
  readonly target: SessionTarget
  readonly isEphemeral: boolean
  readonly prompt: string
  /** Developer instructions for `-c`; null: none, or in the prompt already. */
  readonly instructions: string | null
  readonly model: string | null
  readonly effort: TurnInput["effort"]
  readonly imageFiles: readonly string[]
  readonly schemaFile: string | null
  /** Null: the agent has no functions of the client. */
  readonly functions: FunctionChannel | null
  /** Null: it may act. */
  readonly restraint: Restraint | null
}

/** A codex that is to change nothing. */
export interface Restraint {
  readonly reach: ThreadReach
  /** Names of the person's own MCP servers, which no sandbox holds. */
  readonly ownServers: readonly string[]
}

export interface ExecCommand {
  readonly args: readonly string[]
  /** What goes to stdin; null: stdin is closed from the start. */
  readonly stdin: string | null
}

/**
 * The arguments of one turn: the documented form
 * `exec [resume ID|--last] --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox PROMPT`
 * with what the program is known to understand between the last flag and the prompt. Never a shell. Throws `ProxyError`
 * (`invalid_request`) for a prompt that the program cannot get.
 */
export function execCommand(parts: CommandParts): ExecCommand {
  const { target, prompt } = parts
  const session = target === "new" ? [] : ["resume", target === "last" ? "--last" : target.id]
  const byStdin = needsStdin(parts)
  if (byStdin && !parts.profile.features.readsStdin) throw refusal(parts)
  return {
    args: [
      "exec",
      ...session,
      "--skip-git-repo-check",
      ...(parts.restraint === null
        ? ["--dangerously-bypass-approvals-and-sandbox"]
        : restrainingFlags(parts.restraint)),
      ...knownFlags(parts),
      byStdin ? "-" : prompt,
    ],
    stdin: byStdin ? prompt : null,
  }
}

/** Nobody is asked: what the sandbox refuses is refused. */
function restrainingFlags({ reach, ownServers }: Restraint): string[] {
  const settings = [
    'approval_policy="never"',
    "features.apps=false",
    "features.plugins=false",
    ...(reach === "only-answers"
      ? ["features.shell_tool=false", "features.unified_exec=false", 'web_search="disabled"']
      : []),
    ...ownServers.map((name) => `mcp_servers.${tomlString(name)}.enabled=false`),
  ]
  return ["--sandbox", "read-only", ...settings.flatMap((setting) => ["-c", setting])]
}

function knownFlags(parts: CommandParts): string[] {
  const { features } = parts.profile
  const flags: string[] = []
  // An image flag takes all values up to the next flag, so there must be one behind it: `--json` at the end.
  if (features.printsJson) for (const file of parts.imageFiles) flags.push("-i", file)
  if (parts.model !== null && features.takesModel) flags.push("-m", parts.model)
  if (parts.effort !== null && features.takesConfig)
    flags.push("-c", `model_reasoning_effort=${tomlString(parts.effort)}`)
  if (parts.instructions !== null && features.takesConfig)
    flags.push("-c", `developer_instructions=${tomlString(parts.instructions)}`)
  if (parts.functions !== null) flags.push(...functionFlags(parts.functions))
  if (parts.schemaFile !== null) flags.push("--output-schema", parts.schemaFile)
  if (parts.isEphemeral && features.takesEphemeral && parts.target === "new") flags.push("--ephemeral")
  if (features.printsJson) flags.push("--json")
  return flags
}

function needsStdin({ prompt, profile }: CommandParts): boolean {
  if (prompt.startsWith("-") || prompt.includes("\0") || bytesOf(prompt) > maxArgumentBytes) return true
  // codex takes a prompt of one word for a subcommand where it has one of that name: `help`, `review`, `fork`.
  return profile.features.printsJson && profile.features.readsStdin && /^[a-z-]+$/.test(prompt)
}

function refusal({ prompt, profile }: CommandParts): ProxyError {
  const reason = prompt.startsWith("-")
    ? "begins with `-`, which it would take for a flag"
    : prompt.includes("\0")
      ? "has a NUL character, which no argument can carry"
      : `has ${bytesOf(prompt)} bytes, with instructions and history; the limit is ${maxArgumentBytes}`
  return new ProxyError(
    "invalid_request",
    `The agent's program ${profile.program} takes its prompt as an argument only, not by stdin, and this one ${reason}.`,
  )
}

/** True when the instructions can go by `-c`: the flag is there, and they fit into one argument. */
export function canConfigureInstructions(profile: ExecProfile, instructions: string): boolean {
  return profile.features.takesConfig && bytesOf(tomlString(instructions)) <= maxArgumentBytes
}
