export interface NameRules {
  /** In characters, without what the CLI puts in front of it. */
  readonly maxLength: number
  /** True for a name that the CLI has itself, or refuses. */
  readonly isReserved: (name: string) => boolean
}

export interface SchemaRules {
  /** True: what has no type gets one, or the model would be told that it is a text. */
  readonly isTyped: boolean
  /** What the CLI and its model server take as the name of a property at the top; null: any. */
  readonly propertyName: RegExp | null
  /** True: its model is told of no properties but the named ones, whatever the schema says. */
  readonly isClosed?: true
  /** True: the CLI checks calls in binary fractions, where 19.99 is no multiple of 0.01. */
  readonly isBinary?: true
}

/** What a CLI and its model server take of a client's functions, as found out by trying. */
export interface FunctionRules {
  /** What the CLI puts in front of a name. */
  readonly prefix: string
  readonly names: NameRules
  readonly schema: SchemaRules
  /** The CLI asks its model for them itself, with every function, and hands them on. */
  readonly ownArguments?: readonly string[]
}

/** What model servers take of most CLIs. */
const maxModelName = 64
const nothing = () => false

const anyName = /^/

function overMcp(prefix: string, maxWhole = maxModelName, propertyName = anyName): FunctionRules {
  const maxLength = Math.min(maxWhole - prefix.length, maxModelName)
  return { prefix, names: { maxLength, isReserved: nothing }, schema: { isTyped: false, propertyName } }
}

/**
 * For each way to a CLI. The names of those over MCP stand behind the name of our server there, and
 * so never meet the CLI's own. What is longer than a CLI takes would be cut in the middle (gemini),
 * at the end (copilot), be refused by the model server (opencode), or vanish (claude).
 */
export const functionRules = {
  codex: {
    prefix: "",
    names: { maxLength: maxModelName, isReserved: isReservedByCodex },
    schema: { isTyped: true, propertyName: null },
  },
  "codex exec": {
    ...overMcp("mcp__client_functions__", 100),
    schema: { isTyped: true, propertyName: null },
  },
  claude: overMcp("mcp__client__", 128, /^[a-zA-Z0-9_.-]{1,64}$/),
  gemini: {
    ...overMcp("mcp_client_", 63),
    schema: { isTyped: false, propertyName: anyName, isBinary: true },
    ownArguments: ["wait_for_previous"],
  },
  opencode: { ...overMcp("client_"), schema: { isTyped: false, propertyName: anyName, isClosed: true } },
  copilot: overMcp("client-"),
  qwen: overMcp("mcp__client__", 63),
  /** Any other program that speaks the protocol: the longest prefix that was seen. */
  acp: overMcp("mcp__client__", 63),
} as const satisfies Readonly<Record<string, FunctionRules>>

/**
 * Names of codex's own tools in any of its modes. A client function of such a name would be dropped
 * without a word, or offered twice.
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

/** codex refuses `mcp` and all that begins with `mcp__`, and with them the whole thread. */
function isReservedByCodex(name: string): boolean {
  const identifier = name.replaceAll("-", "_")
  return (
    ownNames.has(name) || ownNames.has(identifier) || identifier === "mcp" || identifier.startsWith("mcp__")
  )
}
