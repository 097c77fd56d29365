import { javaProgram, libraryClient } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["openai-java 4.101.0"],
  limitMinutes: 30,
  install: javaProgram(import.meta.dirname),
  ways: [{ name: "chat" }, { name: "responses" }],
})
