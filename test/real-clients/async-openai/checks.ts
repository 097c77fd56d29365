import { libraryClient, rustProgram } from "../support/library-checks.ts"

const asAbove = "the same as with previous_response_id"
const same = { ask: asAbove, tool: asAbove, picture: asAbove, shape: asAbove, stream: asAbove }

export const client = libraryClient({
  programs: ["async-openai 0.43.0"],
  limitMinutes: 40,
  install: rustProgram(import.meta.dirname),
  ways: [{ name: "responses" }, { name: "responses-resent", cannot: same }, { name: "chat" }],
})
