import type { RealClient } from "../real-client.ts"
import { checkPythonLibrary } from "../support/library-checks.ts"

export const client: RealClient = {
  programs: ["openai-agents (Python) 0.24.0"],
  limitMinutes: 20,
  run: (bench) => checkPythonLibrary(bench, import.meta.dirname, [{ name: "responses" }, { name: "chat" }]),
}
