import { libraryClient, pythonProgram } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["haystack 3.4.1"],
  limitMinutes: 20,
  install: pythonProgram(import.meta.dirname),
  ways: [{ name: "chat" }, { name: "responses" }],
})
