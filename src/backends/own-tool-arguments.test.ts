import { expect, it } from "vitest"
import { itemOfTool, mergedUpdate } from "./acp/items.ts"
import { parseUpdate } from "./acp/protocol.ts"
import { startedItem, toolUseOf } from "./claude/items.ts"
import { itemOf } from "./codex/items.ts"
import { itemOfExec, parseExecEvent } from "./exec/items.ts"

/** Nothing of it is left as it is by `JSON.parse` and `JSON.stringify`. */
const written = '{"id": 9007199254740993, "b":1.0, "10":-0}'
const parsed: Readonly<Record<string, unknown>> = JSON.parse(written)

it("codex: the arguments of an agent's own tool are told as they were written", () => {
  const native = { type: "mcpToolCall", id: "i", server: "s", tool: "t", arguments: parsed }
  expect(itemOf({ ...native, argumentsText: written }, false)).toMatchObject({ arguments: written })
  expect(itemOf({ ...native, arguments: null, argumentsText: "null" }, false)).toMatchObject({
    arguments: "{}",
  })
})

it("codex exec: the arguments of an agent's own tool are told as they were written", () => {
  const line = `{"type":"item.completed","item":{"id":"i","type":"mcp_tool_call","server":"s","tool":"t","arguments":${written},"status":"completed"}}`
  const event = parseExecEvent(line, false)
  if (typeof event === "string" || event.type !== "item.completed") throw new Error("another event")
  expect(itemOfExec(event.item, true)).toMatchObject({ type: "tool_call", arguments: written })
})

it("acp: the input of an agent's own tool is told as it was written, also after updates without one", () => {
  const fields = { toolCallId: "c", title: "t", kind: "other" }
  const line = `{"method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"tool_call","toolCallId":"c","rawInput":${written}}}}`
  const first = parseUpdate(
    { sessionId: "s", update: { sessionUpdate: "tool_call", ...fields, rawInput: parsed } },
    line,
  )
  if (first === null || !("toolCallId" in first.update)) throw new Error("another update")
  const tool = mergedUpdate(first.update, { toolCallId: "c", status: "completed" })
  expect(itemOfTool(tool, "completed", { server: "s", cwd: "/" })).toMatchObject({ arguments: written })
})

it("claude: the input of a tool is told as the model wrote it, if that is what claude has read", () => {
  const block = { type: "tool_use", id: "u", name: "mcp__s__t", input: JSON.parse(JSON.stringify(parsed)) }
  const told = (text: string | null) => {
    const use = toolUseOf(block, text)
    return use === null ? null : startedItem(use)
  }
  expect(told(written)).toMatchObject({ arguments: written })
  for (const other of [null, "", '{"id": 1}', '{"id": 900'])
    expect(told(other)).toMatchObject({ arguments: JSON.stringify(block.input) })
})
