import type { RealClient } from "../real-client.ts"
import { checkPythonLibrary } from "../support/library-checks.ts"

const cannot = { tool: "its one function is the answer", stream: "its answers are whole objects" }
const asJson = (text: string) => `[[say:{"answer":"${text}"}]]`
const asCall = (text: string) => `[[tool:Answer:{"answer":"${text}"}]]`

export const client: RealClient = {
  programs: ["instructor 1.17.0"],
  limitMinutes: 20,
  run: (bench) =>
    checkPythonLibrary(bench, import.meta.dirname, [
      { name: "json-schema", cannot, say: asJson, shape: asJson("yes") },
      { name: "tools", cannot, say: asCall, shape: asCall("yes") },
      { name: "responses-tools", cannot, say: asCall, shape: asCall("yes") },
    ]),
}
