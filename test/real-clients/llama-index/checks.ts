import { libraryClient, pythonProgram } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["llama-index OpenAILike 0.8.1", "llama-index OpenAI 0.8.3"],
  limitMinutes: 30,
  install: pythonProgram(import.meta.dirname),
  ways: [{ name: "chat" }, { name: "responses" }],
})
