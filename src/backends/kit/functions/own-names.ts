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

/** codex refuses `mcp` and all that begins with `mcp__`, and with them the whole thread. */
export function isReservedByCodex(name: string): boolean {
  const identifier = name.replaceAll("-", "_")
  return (
    ownNames.has(name) || ownNames.has(identifier) || identifier === "mcp" || identifier.startsWith("mcp__")
  )
}
