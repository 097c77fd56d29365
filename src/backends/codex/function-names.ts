import type { FunctionTool } from "../../domain/backend.ts"

/**
 * Names of codex's own tools in any of its modes. A client function of such a name would be dropped without a word, or
 * offered twice.
 */
const ownNames = new Set([
  "apply_patch",
  "apply-patch",
  "automation_update",
  "clock",
  "collaboration",
  "container",
  "create_goal",
  "exec",
  "exec_command",
  "followup_task",
  "functions",
  "get_goal",
  "image_gen",
  "image_generation",
  "interrupt_agent",
  "js_repl",
  "js_repl_reset",
  "list_agents",
  "list_available_plugins_to_install",
  "list_mcp_resource_templates",
  "list_mcp_resources",
  "local_shell",
  "multi_tool_use",
  "new_context",
  "parallel",
  "read_mcp_resource",
  "request_permissions",
  "request_plugin_install",
  "request_user_input",
  "request_user_input_async",
  "resume_agent",
  "send_input",
  "send_message",
  "shell",
  "shell_command",
  "sleep",
  "spawn_agent",
  "close_agent",
  "tool_search",
  "tool_suggest",
  "unified_exec",
  "update_goal",
  "update_plan",
  "view_image",
  "wait",
  "wait_agent",
  "web",
  "web_search",
  "web_search_preview",
  "write_stdin",
])

/** What model servers take; codex itself takes more. */
const maxNameLength = 64
const usualOwner = "client"

/** The client's function names and the names under which codex offers them; equal except where they would collide. */
export class FunctionNames {
  readonly #toNative = new Map<string, string>()
  readonly #fromNative = new Map<string, string>()
  /** The native ones as JavaScript has them. */
  readonly #used: ReadonlySet<string>

  constructor(tools: readonly FunctionTool[]) {
    const asked = new Set(tools.map((tool) => identifierOf(tool.name)))
    const used = new Set<string>()
    for (const { name, owner } of tools) {
      const native = nativeName(name, owner, used, asked)
      used.add(identifierOf(native))
      this.#toNative.set(name, native)
      this.#fromNative.set(native, name)
    }
    this.#used = used
  }

  /**
   * Also of a function that is in the history and not offered (any more): it is to be taken neither for the agent's own nor for one
   * that is offered, and model servers refuse a history with names that they do not take.
   */
  toNative(name: string): string {
    return this.#toNative.get(name) ?? nativeName(name, usualOwner, this.#used, this.#used)
  }

  /** Null: no function of the client, so a call of it is refused. */
  fromNative(name: string): string | null {
    return this.#fromNative.get(name) ?? null
  }

  has(nativeName: string): boolean {
    return this.#fromNative.has(nativeName)
  }
}

/** `used`: native names that are given away; `asked`: those that a function may have as it is. */
function nativeName(
  name: string,
  owner: string | undefined,
  used: ReadonlySet<string>,
  asked: ReadonlySet<string>,
): string {
  const plain = name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, maxNameLength)
  if (plain !== "" && !isReserved(plain) && !used.has(identifierOf(plain))) return plain
  const base = `${owner ?? usualOwner}_${plain}`
  let native = base.slice(0, maxNameLength)
  for (let number = 2; asked.has(identifierOf(native)) || used.has(identifierOf(native)); number++) {
    const ending = `_${number}`
    native = base.slice(0, maxNameLength - ending.length) + ending
  }
  return native
}

/** codex refuses `mcp` and all that begins with `mcp__`, and with them the whole thread. */
function isReserved(name: string): boolean {
  const identifier = identifierOf(name)
  return (
    ownNames.has(name) || ownNames.has(identifier) || identifier === "mcp" || identifier.startsWith("mcp__")
  )
}

/** In code mode `get-dash` and `get_dash` are one JavaScript name. */
function identifierOf(name: string): string {
  return name.replaceAll("-", "_")
}
