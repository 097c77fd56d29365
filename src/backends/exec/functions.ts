import type { ToolCall } from "../../domain/tool-endpoint.ts"
import type { FunctionChannel } from "../kit/turn/function-channel.ts"
import type { ExecProfile } from "./probe.ts"

/** codex's name of the server that has the client's functions. Not one that a user would give to a server of their own. */
export const functionServer = "client_functions"

/** In code mode a script makes the call, and the model is asked again after 30 s of waiting: see `CodexTurn`. */
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

/** Settings of one process. The channel's secret goes by the environment: arguments can be read by all users. */
export function functionFlags({ url, headers }: FunctionChannel): string[] {
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

export function functionEnvironment({ headers }: FunctionChannel): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [variableOf(name), value]))
}

export function holdMsOf({ meta }: ToolCall): number | null {
  return typeof meta.callId === "string" && meta.callId.startsWith("exec-") ? scriptHoldMs : null
}

/** The end of the name is what codex keeps from the agent's own commands. */
function variableOf(header: string): string {
  return `AI_AGENT_PROXY_FUNCTIONS_${header.toUpperCase().replaceAll("-", "_")}_TOKEN`
}

/** A TOML basic string. JSON's is one, but for DEL and for halves of characters, which TOML does not have. */
export function tomlString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll("\x7f", "\\u007f")
}
