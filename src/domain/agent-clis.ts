/** Looked for, in this order, where nobody has named one. Their names select the backend. */
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
