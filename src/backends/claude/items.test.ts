import { describe, expect, it } from "vitest"
import { finishedItem, startedItem, textOfResult } from "./items.ts"

const use = (name: string, input: Readonly<Record<string, unknown>>) => ({
  id: "t",
  name,
  input,
  inputText: JSON.stringify(input),
})
const result = (output: string, isError = false, details: unknown = null) => ({ output, isError, details })

describe("tool items", () => {
  it("shows a command with its exit code, or with none when it was cut off", () => {
    const bash = use("Bash", { command: "make" })
    expect(startedItem(bash)).toMatchObject({ type: "command", command: "make", status: "in_progress" })
    expect(finishedItem(bash, result("ok"))).toMatchObject({ output: "ok", exitCode: 0, status: "completed" })
    expect(finishedItem(bash, result("Exit code 3\nout\nerr", true))).toMatchObject({
      output: "out\nerr",
      exitCode: 3,
      status: "failed",
    })
    expect(finishedItem(bash, result("The user doesn't want", true))).toMatchObject({
      exitCode: null,
      status: "failed",
    })
  })

  it("shows a new file whole, and a changed one as a diff", () => {
    const write = use("Write", { file_path: "/w/a.txt", content: "hello" })
    const created = { type: "create", structuredPatch: [] }
    expect(finishedItem(write, result("", false, created))).toMatchObject({
      changes: [{ path: "/w/a.txt", kind: "add", diff: "hello" }],
    })
    const patch = [{ oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines: ["-a", "+b"] }]
    const edit = use("Edit", { file_path: "/w/a.txt", old_string: "a", new_string: "b" })
    expect(finishedItem(edit, result("", false, { structuredPatch: patch }))).toMatchObject({
      changes: [{ path: "/w/a.txt", kind: "update", diff: "@@ -1,1 +1,1 @@\n-a\n+b" }],
    })
  })

  it("shows other tools by their server, and claude's own as claude's", () => {
    expect(startedItem(use("mcp__notes__find", { q: 1 }))).toMatchObject({ server: "notes", tool: "find" })
    expect(startedItem(use("Read", { file_path: "x" }))).toMatchObject({ server: "claude", tool: "Read" })
    expect(startedItem(use("WebSearch", { query: "w" }))).toMatchObject({ type: "web_search", query: "w" })
    expect(finishedItem(use("Read", {}), result("no such file", true))).toMatchObject({
      error: "no such file",
      output: null,
      status: "failed",
    })
  })

  it("reads results that are a text or a list of parts", () => {
    expect(textOfResult("a")).toBe("a")
    expect(textOfResult([{ type: "text", text: "a" }, { type: "image" }])).toBe("a\n[not a text]")
    expect(textOfResult(undefined)).toBe("")
  })
})
