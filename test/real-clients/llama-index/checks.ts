import type { RealClient } from "../real-client.ts"
import { checkPythonLibrary } from "../support/library-checks.ts"

export const client: RealClient = {
  programs: ["llama-index OpenAILike 0.8.1", "llama-index OpenAI 0.8.3"],
  limitMinutes: 30,
  run: (bench) => checkPythonLibrary(bench, import.meta.dirname, [{ name: "chat" }, { name: "responses" }]),
}
