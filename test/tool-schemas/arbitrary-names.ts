import fc from "fast-check"

/** Of the CLIs' own tools, of what they put in front of names, and of JavaScript. */
const knownNames = [
  ...[
    "Bash",
    "Read",
    "Write",
    "Edit",
    "Task",
    "Agent",
    "Skill",
    "WebFetch",
    "StructuredOutput",
    "ToolSearch",
  ],
  ...["bash", "shell", "read", "write", "edit", "task", "skill", "view", "create", "todowrite", "invalid"],
  ...["run_shell_command", "read_file", "write_file", "replace", "google_web_search", "complete_task"],
  ...["exec", "exec_command", "apply_patch", "update_plan", "wait", "web_search", "functions", "tool_search"],
  ...["mcp", "mcp__", "mcp__client__x", "mcp__client_functions__x", "mcp_client_x", "client_x", "client-x"],
  ...[
    "client",
    "client_",
    "client_exec",
    "client_exec_2",
    "client_client_exec",
    "multi_tool_use",
    "parallel",
  ],
  ...["constructor", "__proto__", "toString", "class", "await", "then", "x", "X", "1", "0x1", "-", "_", "--"],
  ...["a__b", "a--b", "-a", "a-", "__a", "end_turn", "list_tools", "tool", "default", "help", "null", "true"],
] as const

const part = fc.stringMatching(/^[a-zA-Z0-9_-]{1,6}$/)
const anyName = fc.oneof(
  { weight: 2, arbitrary: fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/) },
  { weight: 2, arbitrary: fc.stringMatching(/^[a-z]{1,5}(_[a-z]{1,8}){0,3}$/) },
  { weight: 4, arbitrary: fc.constantFrom(...knownNames) },
  // Alike at both ends, so that what is cut anywhere is one.
  {
    weight: 2,
    arbitrary: part.map((middle) => `${"x".repeat(29)}${middle}${"y".repeat(35 - middle.length)}`),
  },
  { weight: 1, arbitrary: part.map((end) => `${"mcp__".padEnd(58, "z")}${end}`) },
)

/** Differ in what somebody may take for the same. */
function alike(name: string): readonly string[] {
  return [
    name,
    name.replaceAll("-", "_"),
    name.replaceAll("_", "-"),
    name.toLowerCase(),
    `client_${name}`,
  ].map((found) => found.slice(0, 64))
}

/** Names that the API takes, each once; many of them resemble each other or what others have. */
export function anyNames(count: number): fc.Arbitrary<string[]> {
  const name = fc.oneof(
    { weight: 3, arbitrary: anyName.map((found) => [found]) },
    { weight: 1, arbitrary: anyName.map(alike) },
  )
  return fc
    .array(name, { minLength: count, maxLength: count })
    .map((found) => [...new Set(found.flat())].slice(0, count))
}
