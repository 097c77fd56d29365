import { javaProgram, libraryClient } from "../support/library-checks.ts"

export const client = libraryClient({
  programs: ["langchain4j 1.19.0"],
  limitMinutes: 30,
  install: javaProgram(import.meta.dirname),
  ways: [{ name: "chat" }, { name: "responses" }],
})
