import { describe, expect, it } from "vitest"
import type { HistoryTurn } from "../../domain/backend.ts"
import type { FunctionCallItem, FunctionCallOutputItem, Item, MessageItem } from "../../domain/items.ts"
import { namesFor } from "../kit/functions/handed-functions.ts"
import { historyItems, keptNativeItem } from "./history-items.ts"

const names = namesFor("codex", [{ name: "exec" }])

function message(role: "user" | "assistant" | "developer", text: string): MessageItem {
  return {
    type: "message",
    id: text,
    role,
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}

function call(callId: string, name = "lookup"): FunctionCallItem {
  return { type: "function_call", id: callId, callId, name, arguments: "{}", status: "completed" }
}

function output(callId: string, text: string): FunctionCallOutputItem {
  const content = [{ type: "text" as const, text }]
  return { type: "function_call_output", id: "o", callId, output: content, status: "completed" }
}

function turn(
  input: readonly Item[],
  answer: readonly Item[],
  native: readonly unknown[] | null,
): HistoryTurn {
  return { input, output: answer, native: native === null ? null : { kind: "codex", items: native } }
}

/** The history as short words: what a person would read out of it. */
function told(history: readonly HistoryTurn[]): string[] {
  return historyItems(history, names).map((item) => {
    const content: unknown = item.content
    if (Array.isArray(content))
      return `${item.role}: ${content.map((part) => part.text ?? part.type).join("")}`
    return `${item.type} ${item.call_id ?? ""} ${item.name ?? item.output ?? ""}`.trim()
  })
}

const nativeCall = { type: "function_call", call_id: "c1", name: "lookup", arguments: "{}" }
const script = { type: "custom_tool_call", call_id: "s1", name: "exec", input: "await tools.lookup({})" }
const nativeAnswer = {
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text: "native" }],
}

describe("native items", () => {
  it("are kept without codex's bookkeeping, and only those that a new thread does not write itself", () => {
    const kept = { ...nativeCall, internal_chat_message_metadata_passthrough: { turn_id: "t" } }
    expect(keptNativeItem(kept)).toEqual(nativeCall)
    expect(keptNativeItem(nativeAnswer)).toEqual(nativeAnswer)
    for (const role of ["user", "developer"]) expect(keptNativeItem({ type: "message", role })).toBeNull()
    for (const type of ["additional_tools", "compaction", "other"])
      expect(keptNativeItem({ type })).toBeNull()
    expect(keptNativeItem("text")).toBeNull()
  })
})

describe("the history of a new thread", () => {
  it("has the user's words from our items and the agent's from the native ones", () => {
    const history = [turn([message("user", "hi")], [message("assistant", "ours")], [nativeAnswer])]
    expect(told(history)).toEqual(["user: hi", "assistant: native"])
  })

  it("is told with our items where there are no native ones, or those of another CLI", () => {
    const ours = [message("assistant", "ours")]
    expect(told([turn([message("user", "a")], ours, null)])).toEqual(["user: a", "assistant: ours"])
    expect(told([turn([message("user", "a")], ours, [])])).toEqual(["user: a", "assistant: ours"])
    const foreign = { input: [], output: ours, native: { kind: "claude", items: [{ type: "text" }] } }
    expect(told([foreign])).toEqual(["assistant: ours"])
  })

  it("tells what another agent did as function calls with their outputs", () => {
    const command: Item = {
      type: "command",
      id: "c9",
      command: "ls",
      cwd: null,
      output: "a.txt",
      exitCode: 0,
      status: "completed",
    }
    expect(told([turn([], [command], null)])).toEqual([
      "function_call c9 exec_command",
      "function_call_output c9 Process exited with code 0\nOutput:\na.txt",
    ])
  })

  it("keeps phases, developer messages and images", () => {
    const url = "data:image/png;base64,AA=="
    const withImage: Item = { ...message("user", "see"), content: [{ type: "image", url }] }
    const commentary: Item = { ...message("assistant", "hm"), phase: "commentary" }
    const items = historyItems([turn([message("developer", "rule"), withImage], [commentary], null)], names)
    expect(items).toEqual([
      { type: "message", role: "developer", content: [{ type: "input_text", text: "rule" }] },
      { type: "message", role: "user", content: [{ type: "input_image", image_url: url }] },
      {
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text: "hm" }],
        phase: "commentary",
      },
    ])
  })

  it("tells a call that codex waited for once, in its native form", () => {
    const nativeOutput = { type: "function_call_output", call_id: "c1", output: "found" }
    const history = [
      turn([message("user", "go")], [call("c1")], [nativeCall]),
      turn([output("c1", "found")], [message("assistant", "ours")], [nativeOutput, nativeAnswer]),
    ]
    expect(told(history)).toEqual([
      "user: go",
      "function_call c1 lookup",
      "function_call_output c1 found",
      "assistant: native",
    ])
  })

  it("puts the client's output in the place of codex's abort note", () => {
    const abortNote = { type: "function_call_output", call_id: "c1", output: "aborted" }
    const history = [
      turn([message("user", "go")], [call("c1")], [nativeCall, abortNote]),
      turn([output("c1", "found")], [], null),
    ]
    expect(told(history)).toEqual(["user: go", "function_call c1 lookup", "function_call_output c1 found"])
  })

  it("leaves the calls of a script that ended to the script", () => {
    const scriptOutput = { type: "custom_tool_call_output", call_id: "s1", output: "found" }
    const history = [
      turn([message("user", "go")], [call("exec-1")], [script]),
      turn([output("exec-1", "found")], [], [scriptOutput, nativeAnswer]),
    ]
    expect(told(history)).toEqual([
      "user: go",
      "custom_tool_call s1 exec",
      "custom_tool_call_output s1 found",
      "assistant: native",
    ])
  })

  it.each([
    ["never ended", []],
    ["was aborted", [{ type: "custom_tool_call_output", call_id: "s1", output: "aborted by user" }]],
  ])("tells the calls of a script that %s as plain calls with the client's outputs", (_, note) => {
    const history = [
      turn([message("user", "go")], [call("exec-1")], [script]),
      turn([output("exec-1", "one")], [call("exec-2", "exec")], note),
      turn([output("exec-2", "two")], [], null),
    ]
    expect(told(history)).toEqual([
      "user: go",
      "function_call exec-1 lookup",
      "function_call_output exec-1 one",
      "function_call exec-2 client_exec",
      "function_call_output exec-2 two",
    ])
  })
})
