import { randomUUID } from "node:crypto"
import { posix } from "node:path"
import { patchFor, runningCellOf, scriptFor } from "./code-mode.ts"
import { outputText } from "./request-readers.ts"
import type { ToolDirective } from "./script.ts"
import type { ToolCatalog } from "./tool-catalog.ts"
import { findFunction, searchQueryFor, toolCatalogOf } from "./tool-catalog.ts"
import type { JsonObject, ResponsesBody } from "./wire.ts"
import { isObject, stringOf } from "./wire.ts"

/** How a script's tools become calls of the agent that asks. */
export interface ToolCaller {
  readonly callItemsFor: (tools: readonly ToolDirective[], body: ResponsesBody) => readonly JsonObject[]
  /** The call that waits on, when an output among `items` says that its script or command is still running. */
  readonly followUpCall: (items: readonly JsonObject[], body: ResponsesBody) => JsonObject | null
}

/** The longest that codex lets one call take. */
const shellYieldMs = 30_000
/** Of a command that is to be left running. */
const leftYieldMs = 1

/** codex's own tools, in whichever mode it offers them. */
export const codexTools: ToolCaller = {
  callItemsFor: (tools, body) => callItemsFor(tools, toolCatalogOf(body)),
  followUpCall: (items, body) => followUpCall(items, toolCatalogOf(body)),
}

/** Calls that a script does not name: they belong to how an agent's tools work, so they are not counted as steps. */
const auxiliaryNames = ["wait", "write_stdin", "StructuredOutput"] as const

/** The output items that make these calls under the catalogue's tool mode. */
function callItemsFor(tools: readonly ToolDirective[], catalog: ToolCatalog): readonly JsonObject[] {
  if (catalog.nestedTools !== null) return [customCall("exec", scriptFor(tools, catalog))]
  const unfound = tools.find((tool) => mustBeSearched(tool, catalog))
  if (unfound?.type === "tool") return [searchCall(searchQueryFor(unfound.name))]
  return tools.map((tool) => directCall(tool, catalog))
}

/** `wait` on a script that still runs. Its namespace follows from where it was offered. */
function waitCall(cellId: string, catalog: ToolCatalog): JsonObject {
  const namespace = findFunction(catalog, "wait")?.namespace ?? null
  return functionCall("wait", namespace, JSON.stringify({ cell_id: cellId }))
}

/** Waits on for a command that outlived the time codex gives one call. */
function pollCall(sessionId: number): JsonObject {
  const args = { session_id: sessionId, chars: "", yield_time_ms: shellYieldMs }
  return functionCall("write_stdin", null, JSON.stringify(args))
}

function followUpCall(items: readonly JsonObject[], catalog: ToolCatalog): JsonObject | null {
  const outputs = items.filter((item) => stringOf(item.type).endsWith("_call_output"))
  if (catalog.nestedTools !== null) {
    const newest = outputs.at(-1)
    const cellId = newest === undefined ? null : runningCellOf(outputText(newest.output))
    return cellId === null ? null : waitCall(cellId, catalog)
  }
  const polls = items.filter((item) => item.type === "function_call" && item.name === "write_stdin")
  const polled = new Map(polls.map((item) => [item.call_id, polledSessionOf(item)]))
  const left = new Set(items.filter(isLeftRunning).map((item) => item.call_id))
  const running = new Set<number>()
  for (const output of outputs) {
    const polledSession = polled.get(output.call_id)
    if (typeof polledSession === "number") running.delete(polledSession)
    const id = /^Process running with session ID (\d+)/m.exec(outputText(output.output))?.[1]
    if (id !== undefined && !left.has(output.call_id)) running.add(Number(id))
  }
  const [first] = running
  return first === undefined ? null : pollCall(first)
}

/** No time for it: codex gives it the least that it gives any, and nobody waits for it after that. */
function isLeftRunning(item: JsonObject): boolean {
  if (item.type !== "function_call" || item.name !== "exec_command") return false
  const args: unknown = JSON.parse(stringOf(item.arguments))
  return isObject(args) && args.yield_time_ms === leftYieldMs
}

function polledSessionOf(item: JsonObject): number | null {
  const args: unknown = JSON.parse(stringOf(item.arguments))
  return isObject(args) && typeof args.session_id === "number" ? args.session_id : null
}

/** True for a call item that is a step of a script. */
export function isScriptedCall(item: JsonObject): boolean {
  const isCall = item.type === "function_call" || item.type === "custom_tool_call"
  return isCall && !auxiliaryNames.some((name) => name === item.name)
}

function mustBeSearched(tool: ToolDirective, catalog: ToolCatalog): boolean {
  if (tool.type !== "tool" || !catalog.hasToolSearch || findFunction(catalog, tool.name) !== null)
    return false
  return !catalog.searchedQueries.has(searchQueryFor(tool.name))
}

function directCall(tool: ToolDirective, catalog: ToolCatalog): JsonObject {
  switch (tool.type) {
    case "shell":
      return shellCall(tool.command)
    case "edit":
      return catalog.customTools.has("apply_patch")
        ? customCall("apply_patch", patchFor(tool.path, tool.text))
        : shellCall(writeCommand(tool.path, tool.text))
    case "tool": {
      // A name that was not offered is called all the same: codex's answer to it is worth a test.
      const found = findFunction(catalog, tool.name)
      return functionCall(found?.name ?? tool.name, found?.namespace ?? null, tool.arguments)
    }
    case "js":
      throw new Error("[[js:..]] needs code mode, and this request has no tool exec")
  }
}

function shellCall(command: string): JsonObject {
  return functionCall("exec_command", null, JSON.stringify({ cmd: command, yield_time_ms: shellYieldMs }))
}

/** base64, because no text can then end the quoting. */
function writeCommand(path: string, text: string): string {
  const encoded = Buffer.from(text.endsWith("\n") ? text : `${text}\n`).toString("base64")
  const write = `printf %s ${encoded} | base64 -d > ${quoted(path)}`
  return path.includes("/") ? `mkdir -p ${quoted(posix.dirname(path))} && ${write}` : write
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function functionCall(name: string, namespace: string | null, args: string): JsonObject {
  return {
    type: "function_call",
    id: newId("fc"),
    call_id: newId("call"),
    name,
    ...(namespace === null ? {} : { namespace }),
    arguments: args,
    status: "completed",
  }
}

function customCall(name: string, input: string): JsonObject {
  return {
    type: "custom_tool_call",
    id: newId("ctc"),
    call_id: newId("call"),
    name,
    input,
    status: "completed",
  }
}

function searchCall(query: string): JsonObject {
  return {
    type: "tool_search_call",
    id: newId("tsc"),
    call_id: newId("call"),
    execution: "client",
    status: "completed",
    arguments: { query },
  }
}

export function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll("-", "")}`
}
