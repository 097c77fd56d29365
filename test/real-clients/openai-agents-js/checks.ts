import { libraryClient, nodeProgram } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["@openai/agents 0.20.0"],
  limitMinutes: 20,
  install: nodeProgram(import.meta.dirname),
  ways: [{ name: "responses" }, { name: "chat" }],
})
