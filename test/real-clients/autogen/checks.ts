import { libraryClient, pythonProgram } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["autogen 0.7.5"],
  limitMinutes: 20,
  install: pythonProgram(import.meta.dirname),
  ways: [{ name: "chat" }],
})
