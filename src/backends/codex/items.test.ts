import { describe, expect, it } from "vitest"
import { itemOf } from "./items.ts"

const command = {
  type: "commandExecution",
  id: "call_1",
  command: "/bin/bash -lc 'echo out'",
  cwd: "/work",
  aggregatedOutput: "out\n",
  exitCode: 0,
  status: "completed",
}

describe("native items of codex", () => {
  it("become messages with their phase, empty while they are written", () => {
    const native = { type: "agentMessage", id: "m", text: "so far", phase: "commentary" }
    expect(itemOf(native, false)).toMatchObject({ content: [], phase: "commentary", status: "in_progress" })
    expect(itemOf(native, true)).toMatchObject({
      content: [{ type: "text", text: "so far" }],
      status: "completed",
    })
    expect(itemOf({ ...native, phase: "partial_answer" }, true)).toMatchObject({ phase: null })
  })

  it("become commands without the shell around them", () => {
    expect(itemOf(command, true)).toEqual({
      type: "command",
      id: "call_1",
      command: "echo out",
      cwd: "/work",
      output: "out\n",
      exitCode: 0,
      status: "completed",
    })
  })

  it.each([
    ["/bin/bash -lc ls", "ls"],
    ["/usr/bin/zsh -lc 'it'\\''s'", "it's"],
    ['bash -c "echo \\"x\\" \\$HOME"', 'echo "x" $HOME'],
    ["/bin/bash -lc 'a' 'b'", "/bin/bash -lc 'a' 'b'"],
    ["python -c 'x'", "python -c 'x'"],
  ])("show the command %j as %j", (given, shown) => {
    expect(itemOf({ ...command, command: given }, true)).toMatchObject({ command: shown })
  })

  it("tell failed and declined commands from completed ones", () => {
    expect(itemOf({ ...command, status: "failed", exitCode: 3 }, true)).toMatchObject({
      status: "failed",
      exitCode: 3,
    })
    expect(itemOf({ ...command, status: "declined", exitCode: null }, true)).toMatchObject({
      status: "failed",
    })
    expect(itemOf({ ...command, status: "inProgress", exitCode: null }, false)).toMatchObject({
      status: "in_progress",
      exitCode: null,
    })
  })

  it("become file changes, MCP calls, searches and reasoning", () => {
    const change = { path: "/a", kind: { type: "update", move_path: null }, diff: "@@" }
    expect(
      itemOf({ type: "fileChange", id: "f", changes: [change], status: "completed" }, true),
    ).toMatchObject({
      type: "file_change",
      changes: [{ path: "/a", kind: "update", diff: "@@" }],
    })
    const mcp = {
      type: "mcpToolCall",
      id: "t",
      server: "kv",
      tool: "get",
      arguments: { k: 1 },
      status: "completed",
    }
    expect(
      itemOf({ ...mcp, result: { content: [{ type: "text", text: "v" }, { type: "x" }] } }, true),
    ).toMatchObject({
      type: "tool_call",
      server: "kv",
      arguments: '{"k":1}',
      output: 'v\n{"type":"x"}',
      error: null,
    })
    expect(itemOf({ ...mcp, error: { message: "down" }, status: "failed" }, true)).toMatchObject({
      output: null,
      error: "down",
      status: "failed",
    })
    expect(itemOf({ type: "webSearch", id: "w", query: "ada" }, true)).toMatchObject({
      type: "web_search",
      query: "ada",
    })
    expect(itemOf({ type: "reasoning", id: "r", summary: ["a", "b"], content: [] }, true)).toMatchObject({
      summary: ["a", "b"],
    })
  })

  it("are left out when they are input, the client's own functions, or unknown", () => {
    for (const type of ["userMessage", "dynamicToolCall", "kindOfTomorrow"]) {
      expect(itemOf({ type, id: "x" }, true)).toBeNull()
    }
  })
})
