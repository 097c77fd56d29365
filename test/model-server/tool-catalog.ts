import type { JsonObject, ResponsesBody } from "./wire.ts"
import { isObject, objectsOf, stringOf } from "./wire.ts"

/** A function as the model has to name it in a call. */
export interface CallableFunction {
  readonly name: string
  readonly namespace: string | null
}

/**
 * What the model was offered. codex chooses the set by the *model name*: listed functions, listed functions plus
 * `tool_search`, or code mode (one custom tool `exec`, sent as an `additional_tools` item of the input).
 */
export interface ToolCatalog {
  readonly functions: readonly CallableFunction[]
  readonly customTools: ReadonlySet<string>
  readonly hasToolSearch: boolean
  /** What was searched for so far: a search that found nothing is not made again. */
  readonly searchedQueries: ReadonlySet<string>
  /** Code mode: the names that a script can call, with the name that the client gave. Null: not code mode. */
  readonly nestedTools: readonly NestedTool[] | null
}

export interface NestedTool {
  /** JavaScript identifier, a member of `tools`. */
  readonly identifier: string
  readonly name: string
}

export function toolCatalogOf(body: ResponsesBody): ToolCatalog {
  const functions: CallableFunction[] = []
  const customTools = new Set<string>()
  const searchedQueries = new Set<string>()
  let hasToolSearch = false
  let nestedTools: readonly NestedTool[] | null = null

  const visit = (tool: JsonObject, namespace: string | null) => {
    const name = stringOf(tool.name)
    switch (tool.type) {
      case "function":
        functions.push({ name, namespace })
        return
      case "namespace":
        for (const inner of objectsOf(tool.tools)) visit(inner, name)
        return
      case "custom":
        customTools.add(name)
        if (name === "exec") nestedTools = nestedToolsOf(stringOf(tool.description))
        return
      case "tool_search":
        hasToolSearch = true
    }
  }
  for (const tool of body.tools ?? []) visit(tool, null)
  for (const item of body.input) {
    if (item.type === "tool_search_call" && isObject(item.arguments))
      searchedQueries.add(stringOf(item.arguments.query))
    if (item.type !== "additional_tools" && item.type !== "tool_search_output") continue
    for (const tool of objectsOf(item.tools)) visit(tool, null)
  }
  return { functions, customTools, hasToolSearch, searchedQueries, nestedTools }
}

/**
 * The function that a script means by `name`: `lookup`, `mcp__kv__lookup`, `mcp__kv.lookup` or `mcp__kv/lookup`. A bare name
 * is looked for outside of namespaces first.
 */
export function findFunction(catalog: ToolCatalog, name: string): CallableFunction | null {
  const isQualified = ({ namespace, name: own }: CallableFunction) =>
    namespace !== null && ["__", ".", "/"].some((joint) => `${namespace}${joint}${own}` === name)
  return (
    catalog.functions.find((candidate) => candidate.namespace === null && candidate.name === name) ??
    catalog.functions.find(isQualified) ??
    catalog.functions.find((candidate) => candidate.name === name) ??
    null
  )
}

/** What finds a deferred function: codex compares words, and `mcp__kv__lookup` would be one. */
export function searchQueryFor(name: string): string {
  return name
    .replace(/^mcp__/, "")
    .split(/__|[./]/)
    .join(" ")
}

/** Like `findFunction`, for the tools of a script in code mode. */
export function findNestedTool(tools: readonly NestedTool[], name: string): NestedTool | null {
  const identifier = identifierFor(name)
  return (
    tools.find((tool) => tool.name === name || tool.identifier === identifier) ??
    tools.find((tool) => tool.identifier.endsWith(`__${identifier}`)) ??
    null
  )
}

/** How codex writes a tool's name in JavaScript. */
export function identifierFor(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_$]/g, "_")
}

/** Each nested tool has a heading: `get_dash` alone, or `get_dash` and the real name in brackets. */
function nestedToolsOf(description: string): readonly NestedTool[] {
  return [...description.matchAll(/^### `([^`]+)`(?: \(`([^`]+)`\))?/gm)].map((match) => ({
    identifier: match[1] ?? "",
    name: match[2] ?? match[1] ?? "",
  }))
}
