import type { ToolDirective } from "./script.ts"
import type { NestedTool, ToolCatalog } from "./tool-catalog.ts"
import { findNestedTool, identifierFor } from "./tool-catalog.ts"

/** Asks codex not to cut the script's texts at its default of 10,000 tokens. */
const pragma = '// @exec: {"max_output_tokens": 200000}'

/** JavaScript for `exec` that makes the calls at the same time and gives back one text for each. */
export function scriptFor(tools: readonly ToolDirective[], catalog: ToolCatalog): string {
  const only = tools[0]
  if (only?.type === "js") return only.source
  const calls = tools.map((tool) => `  ${callOf(tool, catalog.nestedTools ?? [])},`)
  return [
    pragma,
    "async function run(cmd) {",
    "  let result = await tools.exec_command({ cmd, yield_time_ms: 30000 });",
    "  let output = result.output;",
    "  while (result.session_id !== undefined && result.session_id !== null) {",
    '    result = await tools.write_stdin({ session_id: result.session_id, chars: "", yield_time_ms: 30000 });',
    "    output += result.output;",
    "  }",
    "  return { ...result, output };",
    "}",
    "const results = await Promise.all([",
    ...calls,
    "]);",
    "for (const result of results) text(result);",
  ].join("\n")
}

/** The cell that still runs, or null when the output of `exec` or `wait` is the last one. */
export function runningCellOf(output: string): string | null {
  return /^Script running with cell ID (\S+)/.exec(output)?.[1] ?? null
}

function callOf(tool: ToolDirective, nested: readonly NestedTool[]): string {
  switch (tool.type) {
    case "shell":
      return `run(${JSON.stringify(tool.command)})`
    case "edit":
      return `tools.apply_patch(${JSON.stringify(patchFor(tool.path, tool.text))})`
    case "tool":
      return `${memberFor(tool.name, nested)}(${literalOf(tool.arguments)})`
    case "js":
      throw new Error("a script of the tester is a call of its own")
  }
}

/** MCP tools are not described in the request, so the script itself looks them up. */
function memberFor(name: string, nested: readonly NestedTool[]): string {
  const known = findNestedTool(nested, name)
  if (known !== null) return `tools[${JSON.stringify(known.identifier)}]`
  const suffix = JSON.stringify(`__${identifierFor(name)}`)
  const exact = JSON.stringify(identifierFor(name))
  return `tools[ALL_TOOLS.find((t) => t.name === ${exact} || t.name.endsWith(${suffix}))?.name ?? ${exact}]`
}

function literalOf(json: string): string {
  try {
    const text = JSON.stringify(JSON.parse(json))
    // As a name in a literal it would be no property.
    return text.includes('"__proto__"') ? `JSON.parse(${JSON.stringify(text)})` : text
  } catch {
    // Not JSON: the script hands it over as a string, as a confused model would.
    return JSON.stringify(json)
  }
}

/** A patch in codex's own format that creates or overwrites one file. */
export function patchFor(path: string, text: string): string {
  const lines = text.replace(/\n$/, "").split("\n")
  const added = lines.map((line) => `+${line}`)
  return ["*** Begin Patch", `*** Add File: ${path}`, ...added, "*** End Patch"].join("\n")
}
