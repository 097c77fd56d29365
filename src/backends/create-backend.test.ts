import { expect, it } from "vitest"
import { type AgentBackendOptions, createBackend } from "./create-backend.ts"
import { BackendMemory } from "./kit/backend-context.ts"

const options: AgentBackendOptions = {
  kind: null,
  executable: "codex",
  cwd: "/",
  env: {},
  passEnv: [],
  model: null,
  permissions: "full",
  resumesLast: false,
  toolEndpoint: null,
  memory: new BackendMemory(),
  onEvent: () => {},
  log: () => {},
}

it.each([
  ["codex", null, "codex"],
  ["/opt/bin/claude", null, "claude"],
  ["gemini", null, "gemini"],
  ["/usr/lib/gemini.js", null, "gemini"],
  ["opencode", null, "opencode"],
  ["copilot", null, "copilot"],
  ["qwen", null, "qwen"],
  ["goose", null, "goose"],
  ["pi", null, "pi"],
  ["my-own-codex", null, "codex"],
  ["command", null, "codex"],
  ["my-agent", "command", "command"],
  ["acp", null, "codex"],
  ["my-own-gemini", "gemini", "gemini"],
  ["my-agent", "acp", "acp"],
  ["claude", "codex", "codex"],
])("the program %s with the backend %s is driven as %s", (executable, kind, expected) => {
  expect(createBackend({ ...options, executable, kind }).kind).toBe(expected)
})

it("a backend that does not exist is refused, with those that do", () => {
  expect(() => createBackend({ ...options, kind: "gpt" })).toThrow(/no backend gpt; there are codex, claude/)
})
