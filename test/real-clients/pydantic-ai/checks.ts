import { libraryClient, pythonProgram } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["pydantic-ai 2.62.0"],
  limitMinutes: 30,
  install: pythonProgram(import.meta.dirname),
  ways: [
    { name: "responses" },
    { name: "responses-as-openai" },
    { name: "chat", shape: '[[tool:final_result:{"answer":"yes"}]]' },
  ],
})
