import { libraryClient, pythonProgram } from "../support/library-checks.ts"

const cannot = { tool: "its one function is the answer", stream: "its answers are whole objects" }
const asJson = (text: string) => `[[say:{"answer":"${text}"}]]`
const asCall = (text: string) => `[[tool:Answer:{"answer":"${text}"}]]`

export const client = libraryClient({
  programs: ["instructor 1.17.0"],
  limitMinutes: 20,
  install: pythonProgram(import.meta.dirname),
  ways: [
    { name: "json-schema", cannot, say: asJson, shape: asJson("yes") },
    { name: "tools", cannot, say: asCall, shape: asCall("yes") },
    { name: "responses-tools", cannot, say: asCall, shape: asCall("yes") },
  ],
})
