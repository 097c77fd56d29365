import type { RealClient } from "../real-client.ts"
import { checkPythonLibrary } from "../support/library-checks.ts"

export const client: RealClient = {
  programs: ["autogen 0.7.5"],
  limitMinutes: 20,
  run: (bench) => checkPythonLibrary(bench, import.meta.dirname, [{ name: "chat" }]),
}
