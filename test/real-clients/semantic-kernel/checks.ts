import type { RealClient } from "../real-client.ts"
import { checkPythonLibrary } from "../support/library-checks.ts"

export const client: RealClient = {
  programs: ["semantic-kernel 1.45.0"],
  limitMinutes: 20,
  run: (bench) =>
    checkPythonLibrary(bench, import.meta.dirname, [
      { name: "chat", functionName: "Weather-get_weather" },
      { name: "responses", functionName: "Weather-get_weather" },
    ]),
}
