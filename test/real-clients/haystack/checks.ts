import { join } from "node:path"
import type { RealClient } from "../real-client.ts"
import { checkLibrary } from "../support/library-checks.ts"

export const client: RealClient = {
  programs: ["haystack 3.4.1"],
  limitMinutes: 20,
  run: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    await checkLibrary(bench, {
      command: join(environment, "bin/python"),
      program: join(import.meta.dirname, "client.py"),
      ways: [{ name: "chat" }, { name: "responses" }],
    })
  },
}
