import { setTimeout as delay } from "node:timers/promises"
import type { FunctionTool } from "../../../domain/items.ts"
import { isSchema } from "../../../domain/map-schema.ts"
import type { ToolCall, ToolChannel, ToolEndpoint } from "../../../domain/tool-endpoint.ts"
import { fitForCli } from "./fit-for-cli.ts"
import { fitParameters } from "./fit-parameters.ts"
import { FunctionNames } from "./function-names.ts"
import { type FunctionRules, functionRules, type SchemaRules } from "./function-rules.ts"

/** What CLIs know our server of MCP as. */
export const clientServer = "client"

/** The names of these functions on a CLI. */
export function namesFor(
  cli: keyof typeof functionRules,
  tools: readonly Pick<FunctionTool, "name" | "owner">[],
): FunctionNames {
  return new FunctionNames(tools, functionRules[cli].names)
}

interface Fitted {
  readonly parameters: FunctionTool["parameters"]
  readonly note: string | null
}

/** UTF-16 units of a schema whose text is kept, and how many of them: at most some megabytes. */
const maxText = 8 * 1024
const maxTexts = 256

/**
 * Functions as CLIs are handed them. Schemas that were made fit are kept by their text, and the
 * rules that they are fit for: a client sends the same again with each request.
 */
export class FittedFunctions {
  readonly #known = new Map<SchemaRules, Map<string, Fitted>>()

  /** Its calls are still to be checked against what the client said. */
  handed(tool: FunctionTool, names: FunctionNames, rules: SchemaRules): FunctionTool {
    const { parameters, note } = this.#fitted(tool.parameters, rules)
    const description = [tool.description, note].filter((part) => part !== null && part !== "").join("\n\n")
    return { ...tool, name: names.toNative(tool.name), description, parameters }
  }

  #fitted(given: FunctionTool["parameters"], rules: SchemaRules): Fitted {
    const text = JSON.stringify(given)
    const texts = this.#known.get(rules) ?? new Map<string, Fitted>()
    this.#known.set(rules, texts)
    const found = texts.get(text)
    if (found !== undefined) return found
    const { schema, note } = fitParameters(given)
    const made = { parameters: fitForCli(schema, rules), note }
    if (text.length > maxText) return made
    const [oldest] = texts.keys()
    if (texts.size >= maxTexts && oldest !== undefined) texts.delete(oldest)
    texts.set(text, made)
    return made
  }
}

/** Its CLI sees names and schemas that are fit for it, its owner those of the client. */
export interface HandedChannel extends ToolChannel {
  /** As the CLI knows the function, without what it puts in front. */
  toNative(name: string): string
  /** Null: no function of the client. */
  fromNative(name: string): string | null
  /** Of the functions as they are offered now. */
  readonly nativeNames: readonly string[]
}

/** The functions of one thread, and how they get to its CLI. */
export interface HandedOptions {
  readonly endpoint: ToolEndpoint
  readonly fitted: FittedFunctions
  readonly rules: FunctionRules
  readonly tools: readonly FunctionTool[]
}

/** Opens the channel of a thread; the rest is `ToolEndpoint`'s. */
export async function openHanded(
  { endpoint, fitted, rules, tools }: HandedOptions,
  onCall: (call: ToolCall) => void,
): Promise<HandedChannel> {
  let offered = tools
  let names = new FunctionNames(tools, rules.names)
  const told = (call: ToolCall): ToolCall => {
    const name = names.fromNative(call.name) ?? call.name
    const { ownArguments = [] } = rules
    const tool = offered.find((known) => known.name === name)
    return ownArguments.length === 0 || tool === undefined
      ? { ...call, name }
      : { ...call, name, arguments: withoutOwn(call.arguments, ownArguments, tool) }
  }
  const handed = (given: readonly FunctionTool[]) =>
    given.map((tool) => fitted.handed(tool, names, rules.schema))
  const channel = await endpoint.open(handed(tools), (call) => onCall(told(call)))
  return {
    url: channel.url,
    headers: channel.headers,
    setTools: (changed, timeoutMs) => {
      offered = changed
      names = new FunctionNames(changed, rules.names)
      return channel.setTools(handed(changed), timeoutMs)
    },
    close: () => channel.close(),
    toNative: (name) => names.toNative(name),
    fromNative: (name) => names.fromNative(name),
    get nativeNames() {
      return names.native
    },
  }
}

/** Without what the CLI has asked for itself, unless the client's schema has that name. */
function withoutOwn(text: string, ownArguments: readonly string[], { parameters }: FunctionTool): string {
  const schema = JSON.stringify(parameters)
  const added = ownArguments.filter((name) => text.includes(`"${name}"`) && !schema.includes(`"${name}"`))
  if (added.length === 0) return text
  const given: unknown = JSON.parse(text)
  if (!isSchema(given)) return text
  return JSON.stringify(Object.fromEntries(Object.entries(given).filter(([name]) => !added.includes(name))))
}

/** How long a running CLI may take to ask for the new list of functions; measured: 5 to 300 ms. */
const listMs = 3_000
/** It has the list then, but its model does not see it yet: measured, at most 30 ms. */
const takeInMs = 100

/**
 * Tells a running CLI that the functions of a channel are others from now on. False: it has no
 * channel or did not ask for them, so it has to be told by starting its session with them.
 */
export async function announceTools(
  channel: ToolChannel | null,
  tools: readonly FunctionTool[],
): Promise<boolean> {
  if (channel === null || !(await channel.setTools(tools, listMs))) return false
  await delay(takeInMs)
  return true
}
