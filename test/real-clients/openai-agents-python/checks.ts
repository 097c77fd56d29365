import { libraryClient, pythonProgram } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["openai-agents (Python) 0.24.0"],
  limitMinutes: 20,
  install: pythonProgram(import.meta.dirname),
  ways: [{ name: "responses" }, { name: "chat" }],
})
