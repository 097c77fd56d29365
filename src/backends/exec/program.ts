import type { ThreadReach, TurnInput } from "../../domain/backend.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { ToolCall, ToolChannel } from "../../domain/tool-endpoint.ts"
import type { ProcessThread } from "../kit/per-turn/threads.ts"
import { bytesOf, type CommandLine, maxArgumentBytes } from "../kit/turn/input.ts"
import type { ExecProfile } from "./features.ts"
import { functionServer } from "./items.ts"
import type { TurnFiles } from "./turn-files.ts"

/** Where a turn runs: a new session of the CLI, its newest one in this folder, or one by its id. */
export type SessionTarget = "new" | "last" | { readonly id: string }

interface CommandParts {
  readonly profile: ExecProfile
  readonly target: SessionTarget
  readonly thread: Pick<ProcessThread, "isEphemeral" | "functions">
  readonly prompt: string
  /** Developer instructions for `-c`; null: none, or in the prompt already. */
  readonly instructions: string | null
  readonly settings: Pick<TurnInput, "model" | "effort">
  readonly files: Omit<TurnFiles, "remove">
  /** Null: it may act. */
  readonly restraint: Restraint | null
}

/** A codex that is to change nothing. */
export interface Restraint {
  readonly reach: ThreadReach
  /** Names of the person's own MCP servers, which no sandbox holds. */
  readonly ownServers: readonly string[]
}

/**
 * The arguments of one turn: the documented form `exec [resume ID|--last] --skip-git-repo-check
 * --dangerously-bypass-approvals-and-sandbox PROMPT` with what the program is known to understand
 * between the last flag and the prompt. Never a shell. Throws `ProxyError` (`invalid_request`) for
 * a prompt that the program cannot get.
 */
export function execCommand(parts: CommandParts): CommandLine {
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

function knownFlags({ profile, target, thread, instructions, settings, files }: CommandParts): string[] {
  const { features } = profile
  const { model, effort } = settings
  const flags: string[] = []
  // An image flag takes all values up to the next flag, so one is behind it: `--json`.
  if (features.printsJson) for (const file of files.imageFiles) flags.push("-i", file)
  if (model !== null && features.takesModel) flags.push("-m", model)
  if (effort !== null && features.takesConfig)
    flags.push("-c", `model_reasoning_effort=${tomlString(effort)}`)
  if (instructions !== null && features.takesConfig)
    flags.push("-c", `developer_instructions=${tomlString(instructions)}`)
  if (thread.functions !== null) flags.push(...functionFlags(thread.functions.handed))
  if (files.schemaFile !== null) flags.push("--output-schema", files.schemaFile)
  if (thread.isEphemeral && features.takesEphemeral && target === "new") flags.push("--ephemeral")
  if (features.printsJson) flags.push("--json")
  return flags
}

function needsStdin({ prompt, profile }: CommandParts): boolean {
  if (prompt.startsWith("-") || prompt.includes("\0") || bytesOf(prompt) > maxArgumentBytes) return true
  // codex takes a prompt of one word for its subcommand of that name: `help`, `review`.
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

/** In code mode the model is asked again after 30 s of a script's call: see `CodexTurn`. */
const scriptHoldMs = 20_000

/** Longer than any turn may take: who waits is ours to say. */
const toolTimeoutSeconds = 7 * 24 * 3_600
const startupTimeoutSeconds = 60
/** Above what it cuts results at by default. */
const outputTokenLimit = 200_000

/** Whether the program is told of functions by settings that only codex has. */
export function callsFunctions({ isCodex, features }: ExecProfile): boolean {
  return isCodex && features.printsJson && features.takesConfig
}

/** Settings of one process. The secret goes by the environment: all users see arguments. */
function functionFlags({ url, headers }: ToolChannel): string[] {
  const fromEnvironment = Object.keys(headers).map(
    (name) => `${tomlString(name)} = ${tomlString(variableOf(name))}`,
  )
  const settings = {
    [`mcp_servers.${functionServer}.url`]: tomlString(url),
    [`mcp_servers.${functionServer}.env_http_headers`]: `{ ${fromEnvironment.join(", ")} }`,
    // Without its functions the agent would do something else than it was asked for.
    [`mcp_servers.${functionServer}.required`]: "true",
    [`mcp_servers.${functionServer}.supports_parallel_tool_calls`]: "true",
    [`mcp_servers.${functionServer}.startup_timeout_sec`]: String(startupTimeoutSeconds),
    [`mcp_servers.${functionServer}.tool_timeout_sec`]: String(toolTimeoutSeconds),
    tool_output_token_limit: String(outputTokenLimit),
  }
  return Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`])
}

export function functionEnvironment({ headers }: ToolChannel): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [variableOf(name), value]))
}

export function holdMsOf({ meta }: ToolCall): number | null {
  return typeof meta.callId === "string" && meta.callId.startsWith("exec-") ? scriptHoldMs : null
}

/** The end of the name is what codex keeps from the agent's own commands. */
function variableOf(header: string): string {
  return `AI_AGENT_PROXY_FUNCTIONS_${header.toUpperCase().replaceAll("-", "_")}_TOKEN`
}

/** A TOML string: JSON's, but for DEL and halves of characters, which TOML has not. */
export function tomlString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll("\x7f", "\\u007f")
}
