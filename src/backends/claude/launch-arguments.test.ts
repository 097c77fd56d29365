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
  { permissions: "full", isReadOnly: false, hasOwnServers: true },
  { permissions: "full", isReadOnly: true, hasOwnServers: false },
  { permissions: "workspace", isReadOnly: false, hasOwnServers: false },
  { permissions: "read-only", isReadOnly: false, hasOwnServers: false },
] as const)(
  "a thread with $permissions (only answers: $isReadOnly) has the person's own MCP servers: $hasOwnServers",
  ({ hasOwnServers, ...wanted }) => {
    expect(!launchArguments({ ...options, ...wanted }).includes("--strict-mcp-config")).toBe(hasOwnServers)
  },
)
