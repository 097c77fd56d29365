import { join } from "node:path"
import type { RealClient } from "../real-client.ts"
import { checkLibrary } from "../support/library-checks.ts"

const cannot = { tool: "its one function is the answer", stream: "its answers are whole objects" }
const asJson = (text: string) => `[[say:{"answer":"${text}"}]]`
const asCall = (text: string) => `[[tool:Answer:{"answer":"${text}"}]]`

export const client: RealClient = {
  programs: ["instructor 1.17.0"],
  limitMinutes: 20,
  run: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    await checkLibrary(bench, {
      command: join(environment, "bin/python"),
      program: join(import.meta.dirname, "client.py"),
      ways: [
        { name: "json-schema", cannot, say: asJson, shape: asJson("yes") },
        { name: "tools", cannot, say: asCall, shape: asCall("yes") },
        { name: "responses-tools", cannot, say: asCall, shape: asCall("yes") },
      ],
    })
  },
}
