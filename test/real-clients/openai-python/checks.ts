import { libraryClient, pythonProgram } from "../support/library-checks.ts"

const asAbove = "the same as with previous_response_id"
const same = { ask: asAbove, tool: asAbove, picture: asAbove, shape: asAbove, stream: asAbove }

export const client = libraryClient({
  programs: ["openai-python 3.51.0"],
  limitMinutes: 20,
  install: pythonProgram(import.meta.dirname),
  ways: [{ name: "responses" }, { name: "responses-resent", cannot: same }, { name: "chat" }],
})
