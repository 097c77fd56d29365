import type { Item, ItemStatus } from "../../src/domain/items.ts"
import type { ResponseEvent } from "../../src/domain/response-events.ts"
import type { ResponseRecord, ResponseStatus } from "../../src/domain/responses.ts"

/** A finished response of these items. */
export function recordOf(output: readonly Item[], fields: Partial<ResponseRecord> = {}): ResponseRecord {
  return {
    id: "resp_1",
    kind: "response",
    principal: "local",
    agentId: "manager",
    previousResponseId: null,
    isStored: true,
    isBackground: false,
    echo: {},
    createdAt: 1_700_000_000_900,
    status: "completed",
    completedAt: 1_700_000_009_100,
    error: null,
    usage: { inputTokens: 100, cachedInputTokens: 40, outputTokens: 20, reasoningTokens: 5 },
    output,
    ...fields,
  }
}

/** Splits a text into deltas; `[]`: a backend that does not stream. */
export type Split = (text: string) => readonly string[]

export const byWord: Split = (text) => text.match(/\S*\s*/g)?.filter((part) => part !== "") ?? []
export const notStreamed: Split = () => []

type FinalStatus = Exclude<ResponseStatus, "queued" | "running">

/** The log that the contract in `response-events.ts` describes, for these finished items. */
export function logOf(
  items: readonly Item[],
  ending: FinalStatus = "completed",
  split: Split = byWord,
): ResponseEvent[] {
  return [
    { type: "created" },
    { type: "in_progress" },
    ...items.flatMap((item, outputIndex) => eventsOf(item, outputIndex, split)),
    { type: ending },
  ]
}

function eventsOf(item: Item, outputIndex: number, split: Split): ResponseEvent[] {
  return [
    { type: "item.added", outputIndex, item: begun(item) },
    ...middleOf(item, outputIndex, split),
    { type: "item.done", outputIndex, item },
  ]
}

function middleOf(item: Item, outputIndex: number, split: Split): ResponseEvent[] {
  switch (item.type) {
    case "message":
      return item.content.flatMap((part, partIndex): ResponseEvent[] => {
        const text = part.type === "text" ? part.text : ""
        const at = { outputIndex, partIndex }
        return [
          { type: "part.added", ...at },
          ...split(text).map((delta): ResponseEvent => ({ type: "text.delta", ...at, text: delta })),
          { type: "text.done", ...at, text },
          { type: "part.done", ...at },
        ]
      })
    case "reasoning":
      return item.summary.flatMap((text, partIndex): ResponseEvent[] => {
        const at = { outputIndex, partIndex }
        return [
          { type: "summary.added", ...at },
          ...split(text).map((delta): ResponseEvent => ({ type: "summary.delta", ...at, text: delta })),
          { type: "summary.done", ...at, text },
          { type: "summary.part_done", ...at },
        ]
      })
    case "function_call": {
      const at = { outputIndex, partIndex: 0 }
      return [
        ...split(item.arguments).map((text): ResponseEvent => ({ type: "arguments.delta", ...at, text })),
        { type: "arguments.done", ...at, text: item.arguments },
      ]
    }
    case "web_search":
      return [
        { type: "call.in_progress", outputIndex },
        { type: "call.searching", outputIndex },
        { type: "call.completed", outputIndex },
      ]
    case "command":
    case "file_change":
    case "tool_call":
      return [
        { type: "call.in_progress", outputIndex },
        { type: "arguments.delta", outputIndex, partIndex: 0, text: "the log's own words" },
        { type: "arguments.done", outputIndex, partIndex: 0, text: "the log's own words" },
        { type: item.status === "failed" ? "call.failed" : "call.completed", outputIndex },
      ]
    case "function_call_output":
      return []
  }
}

function begun(item: Item): Item {
  const status: ItemStatus = "in_progress"
  switch (item.type) {
    case "message":
      return { ...item, status, content: item.content.map(() => ({ type: "text", text: "" })) }
    case "reasoning":
      return { ...item, status, summary: [] }
    case "command":
      return { ...item, status, output: "", exitCode: null }
    case "tool_call":
      return { ...item, status, output: null, error: null }
    case "function_call":
      return { ...item, status, arguments: "" }
    default:
      return { ...item, status }
  }
}

/** One item of each kind, as a rich turn has them. */
export const richOutput: readonly Item[] = [
  { type: "reasoning", id: "rs_1", summary: ["I look first.", "Then I act."], status: "completed" },
  {
    type: "message",
    id: "msg_1",
    role: "assistant",
    content: [{ type: "text", text: "Let me look around." }],
    phase: "commentary",
    status: "completed",
  },
  {
    type: "command",
    id: "mcp_1",
    command: "ls -la",
    cwd: "/home/ann",
    output: "total 0\n",
    exitCode: 0,
    status: "completed",
  },
  {
    type: "command",
    id: "mcp_2",
    command: "npm test",
    cwd: null,
    output: "1 failed",
    exitCode: 1,
    status: "failed",
  },
  {
    type: "file_change",
    id: "mcp_3",
    changes: [
      { path: "src/a.ts", kind: "update", diff: "@@ -1 +1 @@\n-a\n+b" },
      { path: "b.txt", kind: "add", diff: "new" },
    ],
    status: "completed",
  },
  {
    type: "tool_call",
    id: "mcp_4",
    server: "github",
    tool: "list_issues",
    arguments: `{"state":"open"}`,
    output: null,
    error: "not allowed",
    status: "failed",
  },
  { type: "web_search", id: "ws_1", query: "weather in Ulm", status: "completed" },
  {
    type: "message",
    id: "msg_2",
    role: "assistant",
    content: [{ type: "text", text: "It rains 🌧️ in Ulm." }],
    phase: null,
    status: "completed",
  },
  {
    type: "message",
    id: "msg_3",
    role: "assistant",
    content: [{ type: "text", text: "Take a coat." }],
    phase: "final_answer",
    status: "completed",
  },
]
