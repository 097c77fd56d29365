import { expect, it } from "vitest"
import { itemOfTool, mergedUpdate } from "./items.ts"

const place = { server: "cli", cwd: "/w" }

it("takes a command of opencode, whose exit code stands in the metadata", () => {
  const begun = {
    toolCallId: "1",
    title: "bash",
    kind: "execute",
    status: "pending",
    rawInput: { cwd: "/x" },
  }
  const told = {
    toolCallId: "1",
    status: "completed",
    title: "echo out",
    rawInput: { command: "echo out", cwd: "/x" },
    rawOutput: { output: "out\n", metadata: { exit: 3 } },
  }
  expect(itemOfTool(mergedUpdate(begun, told), "completed", place)).toEqual({
    type: "command",
    id: "1",
    command: "echo out",
    cwd: "/x",
    output: "out\n",
    exitCode: 3,
    status: "failed",
  })
})

it("takes a command of copilot, whose exit code stands behind the output", () => {
  const content = "out\nerr\n<shellId: 0 completed with exit code 0>"
  const tool = {
    toolCallId: "1",
    title: "run it",
    kind: "execute",
    rawInput: { command: "x" },
    rawOutput: { content },
  }
  expect(itemOfTool(tool, "completed", place)).toMatchObject({
    output: "out\nerr",
    exitCode: 0,
    status: "completed",
  })
})

it("takes a command of gemini, which tells it as the title and tells no output", () => {
  const tool = { toolCallId: "1", title: "sleep 66", kind: "execute", content: [] }
  expect(itemOfTool(tool, "completed", place)).toMatchObject({
    type: "command",
    command: "sleep 66",
    cwd: "/w",
    output: "",
    exitCode: null,
  })
})

it("takes a new file, a changed one and one whose text is not told", () => {
  const diff = (oldText: string | null) => ({
    toolCallId: "1",
    kind: "edit",
    content: [{ type: "diff", path: "/w/a", oldText, newText: "new\n" }],
  })
  expect(itemOfTool(diff(""), "completed", place)).toMatchObject({
    changes: [{ path: "/w/a", kind: "add", diff: "new\n" }],
  })
  expect(itemOfTool(diff("old\n"), "completed", place)).toMatchObject({
    changes: [{ kind: "update", diff: expect.stringContaining("-old\n+new") }],
  })
  const unknown = { toolCallId: "1", kind: "edit", locations: [{ path: "/w/a" }] }
  expect(itemOfTool(unknown, "failed", place)).toMatchObject({ type: "file_change", status: "failed" })
})

it("takes any other tool as a call with its arguments and its text", () => {
  const tool = {
    toolCallId: "1",
    title: "Search",
    kind: "search",
    rawInput: { query: "x" },
    content: [{ type: "content", content: { type: "text", text: "found" } }],
  }
  expect(itemOfTool(tool, "completed", place)).toEqual({
    type: "tool_call",
    id: "1",
    server: "cli",
    tool: "Search",
    arguments: '{"query":"x"}',
    output: "found",
    error: null,
    status: "completed",
  })
})
