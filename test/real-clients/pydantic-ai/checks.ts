import { join } from "node:path"
import type { RealClient } from "../real-client.ts"
import { checkLibrary } from "../support/library-checks.ts"

export const client: RealClient = {
  programs: ["pydantic-ai 2.62.0"],
  limitMinutes: 30,
  run: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    await checkLibrary(bench, {
      command: join(environment, "bin/python"),
      program: join(import.meta.dirname, "client.py"),
      ways: [
        { name: "responses" },
        { name: "responses-as-openai" },
        { name: "chat", shape: '[[tool:final_result:{"answer":"yes"}]]' },
      ],
    })
  },
}
