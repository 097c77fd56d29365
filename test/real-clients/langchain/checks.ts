import type { RealClient } from "../real-client.ts"
import { checkPythonLibrary } from "../support/library-checks.ts"

const same = "the same as the model alone"
const asAbove = { picture: same, shape: same, stream: same }

export const client: RealClient = {
  programs: ["langchain-openai 1.7.4", "langgraph 1.2.24"],
  limitMinutes: 40,
  run: (bench) =>
    checkPythonLibrary(bench, import.meta.dirname, [
      { name: "chat" },
      { name: "responses" },
      { name: "langgraph-chat", cannot: asAbove },
      { name: "langgraph-responses", cannot: asAbove },
    ]),
}
