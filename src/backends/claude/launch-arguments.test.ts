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
  { permissions: "full", reach: null, hasOwnServers: true },
  { permissions: "full", reach: "only-reads", hasOwnServers: false },
  { permissions: "full", reach: "only-answers", hasOwnServers: false },
  { permissions: "workspace", reach: null, hasOwnServers: false },
  { permissions: "read-only", reach: null, hasOwnServers: false },
] as const)(
  "a thread with $permissions (reach: $reach) has the person's own MCP servers: $hasOwnServers",
  ({ hasOwnServers, ...wanted }) => {
    expect(!launchArguments({ ...options, ...wanted }).includes("--strict-mcp-config")).toBe(hasOwnServers)
  },
)

it.each([
  { reach: null, tools: null },
  { reach: "only-reads", tools: "Read,Grep,Glob,WebFetch,WebSearch" },
  { reach: "only-answers", tools: "" },
] as const)("a thread (reach: $reach) has the tools $tools", (thread) => {
  const args = launchArguments({ ...options, permissions: "full", ...thread })
  const place = args.indexOf("--tools")
  expect(place < 0 ? null : args[place + 1]).toBe(thread.tools)
  expect(args.includes("--dangerously-skip-permissions")).toBe(thread.reach === null)
})
