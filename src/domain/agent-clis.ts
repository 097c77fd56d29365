/**
 * Programs that are looked for where nobody has named one, the first that is ready is taken. Their
 * names select the backend.
 */
export const knownClis: readonly string[] = [
  "codex",
  "claude",
  "gemini",
  "opencode",
  "copilot",
  "qwen",
  "goose",
  "pi",
]

/** The built-in agent: no program, always there. */
export const demoCli = "demo"
