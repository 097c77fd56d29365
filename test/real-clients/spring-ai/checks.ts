import { javaProgram, libraryClient } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["spring-ai 2.0.1"],
  limitMinutes: 30,
  install: javaProgram(import.meta.dirname),
  ways: [{ name: "chat" }],
})
