import { join } from "node:path"
import type { RealClient } from "../real-client.ts"
import { checkLibrary } from "../support/library-checks.ts"

export const client: RealClient = {
  programs: ["@openai/agents 0.20.0"],
  limitMinutes: 20,
  run: async (bench) => {
    const packages = await bench.npmPackages(import.meta.dirname)
    await checkLibrary(bench, {
      command: process.execPath,
      program: join(packages, "client.mjs"),
      ways: [{ name: "responses" }, { name: "chat" }],
    })
  },
}
