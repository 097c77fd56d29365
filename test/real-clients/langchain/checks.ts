import { libraryClient, pythonProgram } from "../support/library-checks.ts"

const same = "the same as the model alone"
const asAbove = { picture: same, shape: same, stream: same }

export const client = libraryClient({
  programs: ["langchain-openai 1.7.4", "langgraph 1.2.24"],
  limitMinutes: 40,
  install: pythonProgram(import.meta.dirname),
  ways: [
    { name: "chat" },
    { name: "responses" },
    { name: "langgraph-chat", cannot: asAbove },
    { name: "langgraph-responses", cannot: asAbove },
  ],
})
