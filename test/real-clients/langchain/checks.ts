import { join } from "node:path"
import type { RealClient } from "../real-client.ts"
import { checkLibrary } from "../support/library-checks.ts"

const same = "the same as the model alone"
const asAbove = { picture: same, shape: same, stream: same }

export const client: RealClient = {
  programs: ["langchain-openai 1.7.4", "langgraph 1.2.24"],
  limitMinutes: 40,
  run: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    await checkLibrary(bench, {
      command: join(environment, "bin/python"),
      program: join(import.meta.dirname, "client.py"),
      ways: [
        { name: "chat" },
        { name: "responses" },
        { name: "langgraph-chat", cannot: asAbove },
        { name: "langgraph-responses", cannot: asAbove },
      ],
    })
  },
}
