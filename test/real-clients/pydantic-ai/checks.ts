import type { RealClient } from "../real-client.ts"
import { checkPythonLibrary } from "../support/library-checks.ts"

export const client: RealClient = {
  programs: ["pydantic-ai 2.62.0"],
  limitMinutes: 30,
  run: (bench) =>
    checkPythonLibrary(bench, import.meta.dirname, [
      { name: "responses" },
      { name: "responses-as-openai" },
      { name: "chat", shape: '[[tool:final_result:{"answer":"yes"}]]' },
    ]),
}
