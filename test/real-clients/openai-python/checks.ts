import type { RealClient } from "../real-client.ts"
import { checkPythonLibrary } from "../support/library-checks.ts"

const asAbove = "the same as with previous_response_id"
const same = { ask: asAbove, tool: asAbove, picture: asAbove, shape: asAbove, stream: asAbove }

export const client: RealClient = {
  programs: ["openai-python 3.51.0"],
  limitMinutes: 20,
  run: (bench) =>
    checkPythonLibrary(bench, import.meta.dirname, [
      { name: "responses" },
      { name: "responses-resent", cannot: same },
      { name: "chat" },
    ]),
}
