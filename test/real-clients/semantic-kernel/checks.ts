import { libraryClient, pythonProgram } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["semantic-kernel 1.45.0"],
  limitMinutes: 20,
  install: pythonProgram(import.meta.dirname),
  ways: [
    { name: "chat", functionName: "Weather-get_weather" },
    { name: "responses", functionName: "Weather-get_weather" },
  ],
})
