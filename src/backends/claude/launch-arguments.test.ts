import { expect, it } from "vitest"
import { launchArguments } from "./launch-arguments.ts"

const options = {
  session: "00000000-0000-4000-8000-000000000000",
  start: { type: "new" },
  isEphemeral: false,
  mcpConfigFile: null,
  protectedFolders: [],
  profile: { model: null, effort: null, schema: null },
} as const

it.each([
  { permissions: "full", isReadOnly: false, answersOnly: false, hasOwnServers: true },
  { permissions: "full", isReadOnly: true, answersOnly: false, hasOwnServers: false },
  { permissions: "full", isReadOnly: true, answersOnly: true, hasOwnServers: false },
  { permissions: "workspace", isReadOnly: false, answersOnly: false, hasOwnServers: false },
  { permissions: "read-only", isReadOnly: false, answersOnly: false, hasOwnServers: false },
] as const)(
  "a thread with $permissions (changes nothing: $isReadOnly, only answers: $answersOnly) has the person's own MCP servers: $hasOwnServers",
  ({ hasOwnServers, ...wanted }) => {
    expect(!launchArguments({ ...options, ...wanted }).includes("--strict-mcp-config")).toBe(hasOwnServers)
  },
)

it.each([
  { isReadOnly: false, answersOnly: false, tools: null },
  { isReadOnly: true, answersOnly: false, tools: "Read,Grep,Glob,WebFetch,WebSearch" },
  { isReadOnly: true, answersOnly: true, tools: "" },
])(
  "a thread that changes nothing ($isReadOnly), or only answers ($answersOnly), has the tools $tools",
  (thread) => {
    const args = launchArguments({ ...options, permissions: "full", ...thread })
    const place = args.indexOf("--tools")
    expect(place < 0 ? null : args[place + 1]).toBe(thread.tools)
    expect(args.includes("--dangerously-skip-permissions")).toBe(!thread.isReadOnly)
  },
)
