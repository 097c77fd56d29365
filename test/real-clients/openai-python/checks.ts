import { join } from "node:path"
import type { RealClient } from "../real-client.ts"
import { checkLibrary } from "../support/library-checks.ts"

const asAbove = "the same as with previous_response_id"
const same = { ask: asAbove, tool: asAbove, picture: asAbove, shape: asAbove, stream: asAbove }

export const client: RealClient = {
  programs: ["openai-python 3.51.0"],
  limitMinutes: 20,
  run: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    await checkLibrary(bench, {
      command: join(environment, "bin/python"),
      program: join(import.meta.dirname, "client.py"),
      ways: [{ name: "responses" }, { name: "responses-resent", cannot: same }, { name: "chat" }],
    })
  },
}
