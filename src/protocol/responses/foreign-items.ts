import * as z from "zod"
import { newId } from "../../domain/ids.ts"
import type { ClientItem } from "../../domain/input-reference.ts"
import { readShape, type WireObject } from "../common/shape.ts"
import { readOutput } from "./input-content.ts"

/*
 * Items of a history that another server made, or tools of a client that are no functions. An agent
 * of ours has none of those tools, but it is to know what was done with them: what a client ran
 * becomes a function call with its output, what the other server ran becomes a call of the agent's
 * own kind.
 */

/** One type of the items of an input. */
export interface ItemForm {
  readonly shape: z.ZodObject
  readonly read: (item: WireObject, place: ItemPlace) => ClientItem
}

/** Where an item stands: its path, and what stands before it. */
export interface ItemPlace {
  readonly path: string
  readonly before: readonly ClientItem[]
  /** Call ids by the ids of the items that called: some outputs name the item. */
  readonly calls: Map<string, string>
}

const callId = z.string().min(1)
const id = z.string().nullish()

const shellOutput = z.object({
  stdout: z.string().nullish(),
  stderr: z.string().nullish(),
  outcome: z.object({ type: z.string(), exit_code: z.int().nullish() }).nullish(),
})

/** Server of the calls that somebody else's server ran. */
const server = "hosted"

export const foreignItems: Readonly<Record<string, ItemForm>> = {
  custom_tool_call: itemForm(
    z.object({ call_id: callId, name: z.string().min(1), input: z.string() }),
    ({ call_id, name, input }) => call(call_id, name, { input }),
  ),
  custom_tool_call_output: itemForm(
    z.object({ call_id: callId, output: z.unknown() }),
    ({ call_id, output }, { path }) => answer(call_id, readOutput(output, `${path}.output`)),
  ),
  shell_call: itemForm(
    z.object({ call_id: callId, action: z.looseObject({ commands: z.array(z.string()) }) }),
    ({ call_id, action }) => call(call_id, "shell", withoutNulls(action)),
  ),
  shell_call_output: itemForm(
    z.object({ call_id: callId, output: z.array(shellOutput) }),
    ({ call_id, output }) => answer(call_id, [text(output.map(shellText).join("\n"))]),
  ),
  local_shell_call: itemForm(
    z.object({ id, call_id: callId, action: z.looseObject({ command: z.array(z.string()) }) }),
    (item, { calls }) => {
      if (typeof item.id === "string") calls.set(item.id, item.call_id)
      return call(item.call_id, "local_shell", withoutNulls(item.action))
    },
  ),
  // OpenAI's document has only `id`, which names the call's item, its examples have `call_id`.
  local_shell_call_output: itemForm(
    z.object({ id, call_id: z.string().nullish(), output: z.string() }),
    (item, { calls }) =>
      answer(item.call_id ?? calls.get(item.id ?? "") ?? item.id ?? "", [text(item.output)]),
  ),
  apply_patch_call: itemForm(
    z.object({ call_id: callId, operation: z.looseObject({ type: z.string() }) }),
    ({ call_id, operation }) => call(call_id, "apply_patch", withoutNulls(operation)),
  ),
  apply_patch_call_output: itemForm(
    z.object({ call_id: callId, status: z.string().nullish(), output: z.string().nullish() }),
    ({ call_id, status, output }) => answer(call_id, [text(output ?? status ?? "completed")]),
  ),
  computer_call: itemForm(
    z.object({ call_id: callId, action: z.unknown().optional(), actions: z.unknown().optional() }),
    ({ call_id, action, actions }) => call(call_id, "computer", actions ?? action ?? {}),
  ),
  computer_call_output: itemForm(
    z.object({
      call_id: callId,
      output: z.object({ image_url: z.string().nullish(), file_id: z.string().nullish() }),
    }),
    ({ call_id, output }, { path }) => {
      const isThere = typeof output.image_url === "string" || typeof output.file_id === "string"
      const parts = isThere ? [{ ...output, type: "input_image" }] : "(a screenshot)"
      return answer(call_id, readOutput(parts, `${path}.output`))
    },
  ),
  agent_message: hosted(
    z.object({
      author: z.string(),
      recipient: z.string(),
      content: z.array(z.looseObject({ type: z.string(), text: z.string().nullish() })),
    }),
    ({ author, recipient, content }) => ({
      input: { author, recipient },
      output: content.map(({ type, text }) => text ?? `(${type})`).join("\n"),
    }),
  ),
  multi_agent_call: hosted(z.object({ action: z.string(), arguments: z.string() }), (item) => ({
    input: { action: item.action, arguments: item.arguments },
  })),
  multi_agent_call_output: hosted(
    z.object({ action: z.string(), output: z.array(z.looseObject({ text: z.string() })) }),
    ({ action, output }) => ({ input: { action }, output: output.map((part) => part.text).join("\n") }),
  ),
  tool_search_call: hosted(z.object({ arguments: z.unknown().optional() }), (item) => ({
    input: item.arguments ?? {},
  })),
  tool_search_output: hosted(z.object({ tools: z.array(z.unknown()) }), ({ tools }) => ({
    output: toolNames(tools),
  })),
  program: hosted(z.object({ code: z.string() }), ({ code }) => ({ input: { code } })),
  program_output: hosted(z.object({ result: z.string() }), ({ result }) => ({ output: result })),
  file_search_call: hosted(
    z.object({
      queries: z.array(z.string()),
      results: z
        .array(z.looseObject({ filename: z.string().nullish(), text: z.string().nullish() }))
        .nullish(),
    }),
    ({ queries, results }) => ({
      input: { queries },
      output: (results ?? []).map((found) => `${found.filename ?? "file"}: ${found.text ?? ""}`).join("\n"),
    }),
  ),
  code_interpreter_call: hosted(
    z.object({
      code: z.string().nullish(),
      outputs: z.array(z.looseObject({ type: z.string(), logs: z.string().nullish() })).nullish(),
    }),
    ({ code, outputs }) => ({
      input: { code: code ?? "" },
      output: (outputs ?? []).map(({ type, logs }) => logs ?? `(${type})`).join("\n"),
    }),
  ),
  image_generation_call: hosted(
    z.object({
      result: z.string().nullish(),
      revised_prompt: z.string().nullish(),
      error: z.looseObject({ message: z.string() }).nullish(),
    }),
    ({ result, revised_prompt, error }) => ({
      input: { prompt: revised_prompt ?? "" },
      error: error?.message ?? null,
      // The picture itself is not what an agent can read in a tool's result.
      output: typeof result === "string" ? "(an image)" : "(no image)",
    }),
  ),
  mcp_list_tools: hosted(
    z.object({ server_label: z.string(), tools: z.array(z.unknown()), error: z.unknown().optional() }),
    ({ server_label, tools, error }) => ({
      input: { server_label },
      output: toolNames(tools),
      error: error == null ? null : textOfError(error),
    }),
  ),
  mcp_approval_request: hosted(
    z.object({ server_label: z.string(), name: z.string(), arguments: z.string() }),
    (item) => ({ input: { server_label: item.server_label, name: item.name, arguments: item.arguments } }),
  ),
  mcp_approval_response: hosted(
    z.object({ approval_request_id: z.string(), approve: z.boolean(), reason: z.string().nullish() }),
    ({ approve, reason }) => ({ output: [approve ? "approved" : "refused", reason ?? ""].join(" ").trim() }),
  ),
}

/** `raw`: with the fields that are nobody's. */
export function itemForm<T>(
  shape: z.ZodObject & z.ZodType<T>,
  read: (item: T, place: ItemPlace, raw: WireObject) => ClientItem,
): ItemForm {
  return { shape, read: (raw, place) => read(readShape(shape, raw, place.path), place, raw) }
}

function hosted<T>(
  shape: z.ZodObject & z.ZodType<T>,
  read: (item: T) => { readonly input?: unknown; readonly output?: string; readonly error?: string | null },
): ItemForm {
  return itemForm(shape, (item, _place, { type }) => {
    const { input = {}, output = "", error = null } = read(item)
    return {
      type: "tool_call",
      id: newId("mcp_"),
      server,
      tool: String(type).replace(/_call$/, ""),
      arguments: JSON.stringify(input),
      output,
      error,
      status: error === null ? "completed" : "failed",
    }
  })
}

function call(callId: string, name: string, input: unknown): ClientItem {
  const args = JSON.stringify(input)
  return { type: "function_call", id: newId("fc_"), callId, name, arguments: args, status: "completed" }
}

function answer(callId: string, output: ReturnType<typeof readOutput>): ClientItem {
  return { type: "function_call_output", id: newId("fco_"), callId, output, status: "completed" }
}

function text(value: string): { readonly type: "text"; readonly text: string } {
  return { type: "text", text: value }
}

function shellText({ stdout, stderr, outcome }: z.infer<typeof shellOutput>): string {
  const ending = outcome == null ? "" : `(${outcome.type} ${outcome.exit_code ?? ""}`.trimEnd().concat(")")
  return [stdout, stderr, ending].filter((line) => line != null && line !== "").join("\n")
}

function textOfError(error: unknown): string {
  return typeof error === "string" ? error : JSON.stringify(error)
}

function toolNames(tools: readonly unknown[]): string {
  const named = z.looseObject({ name: z.string() })
  return tools.map((tool) => named.safeParse(tool).data?.name ?? "").join(", ")
}

function withoutNulls(value: WireObject): WireObject {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null))
}
