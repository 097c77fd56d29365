import * as z from "zod"
import { checkable } from "../../domain/checkable-schema.ts"
import { anyFunction, type FunctionChoice, type TurnRequest } from "../../domain/turn-request.ts"
import {
  invalidRequest,
  isObject,
  readShape,
  unknownValue,
  type WireObject,
  wrongField,
  wrongType,
} from "./shape.ts"

/** The client's functions, and what it says about their use. */
export interface FunctionFields
  extends Pick<TurnRequest, "tools" | "toolPaths" | "functionChoice" | "allowsParallelCalls"> {
  /**
   * Labels of servers that are declared as the agent's own. Not repeated: in the answers of Open
   * Responses all tools are functions.
   */
  readonly declaredServers: readonly string[]
  /**
   * Tools that are left out because the agent does without them, as `tools.web_search`, and rules
   * of schemas that nobody checks.
   */
  readonly advisory: readonly string[]
  /** `tools` and `tool_choice` as the Responses API repeats them. */
  readonly echo: WireObject
}

/** Where a function's fields are: beside `type` in Responses, in `function` in chat completions. */
export type FunctionDialect = "responses" | "chat"

const maxFunctions = 128
/** Names in a header; enough to see what is meant. */
const maxAdvisory = 20

const namePattern = /^[a-zA-Z0-9_-]{1,64}$/

const functionShape = z.object({
  name: z
    .string()
    .refine((name) => namePattern.test(name), {
      error: "The name of a function must be 1 to 64 letters, digits, '_' and '-'. Give it another name.",
    })
    // A rule of ours is none for the document.
    .meta({ pattern: namePattern.source }),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
  async: z
    .boolean()
    .nullish()
    .refine((isAsync) => isAsync !== true, {
      error: "A function with 'async' cannot be served: the turn waits for its output.",
    }),
  allowed_callers: z
    .array(z.enum(["direct", "programmatic"]))
    .nullish()
    .refine((callers) => callers?.includes("direct") !== false, {
      error: "A function for programs only cannot be served: agents call functions directly. Add 'direct'.",
    }),
  defer_loading: z.boolean().nullish(),
  output_schema: z.record(z.string(), z.unknown()).nullish(),
})

/** What a function may say about itself beside what it is; repeated as it came. */
const flags = ["async", "allowed_callers", "defer_loading", "output_schema"] as const

/** A server of the agent's own: some clients take its calls only where they have declared it. */
const ownServerShape = z.object({
  server_label: z.string().min(1).max(64),
  server_description: z.string().nullish(),
  require_approval: z
    .unknown()
    .refine((policy) => policy == null || policy === "never", {
      error:
        "'require_approval' cannot be served: what an agent may do by itself is set by its permissions. 'never' passes.",
    })
    .optional(),
  allowed_tools: z
    .unknown()
    .refine((names) => names == null, {
      error: "'allowed_tools' cannot be served: the agent uses its own tools as it likes.",
    })
    .optional(),
})

/** What makes an `mcp` tool a server that is to be added. */
const addresses = ["server_url", "connector_id", "tunnel_id", "headers", "authorization"]

const modes = ["none", "auto", "required"]

/** `tools` as they are documented. */
export function toolsForm(dialect: FunctionDialect): z.ZodType {
  const tool =
    dialect === "chat"
      ? z.object({ type: z.literal("function"), function: functionShape })
      : z.union([
          functionShape.extend({ type: z.literal("function") }),
          ownServerShape.extend({ type: z.literal("mcp") }),
        ])
  return z.array(tool).max(maxFunctions)
}

/** `tool_choice` as it is documented. */
export function toolChoiceForm(): z.ZodType {
  return z.union([z.enum(modes), z.object({ type: z.enum(["function", "allowed_tools"]) })])
}

/**
 * Tools that a client may offer in vain: the agent searches the web itself, if its CLI can, and no
 * model has to call what is in a namespace or behind a search for tools. Other tools are what the
 * client relies on, or would have run elsewhere.
 */
const dispensableTool = /^(?:namespace|tool_search|web_search(?:_\w+)?)$/

/**
 * Reads `tools`, `tool_choice` and `parallel_tool_calls`. Tools that are neither functions nor
 * dispensable are refused by name.
 */
export function readFunctions(body: WireObject, dialect: FunctionDialect): FunctionFields {
  const { tools: wireTools, ...others } = readTools(body.tools, dialect)
  const names = new Set(wireTools.map((tool) => tool.name))
  return {
    tools: wireTools.map((tool) => ({
      name: tool.name,
      description: tool.description ?? "",
      parameters: tool.parameters ?? { type: "object", properties: {} },
    })),
    ...others,
    functionChoice: readChoice(body.tool_choice, names, dialect),
    allowsParallelCalls: body.parallel_tool_calls !== false,
    echo: {
      tools: wireTools.map((tool) => ({
        type: "function",
        name: tool.name,
        description: tool.description ?? null,
        parameters: tool.parameters ?? null,
        strict: tool.strict ?? false,
        ...Object.fromEntries(flags.filter((flag) => tool[flag] != null).map((flag) => [flag, tool[flag]])),
      })),
      ...(body.tool_choice === undefined ? {} : { tool_choice: body.tool_choice }),
    },
  }
}

type WireFunction = z.infer<typeof functionShape>

function readTools(value: unknown, dialect: FunctionDialect) {
  if (value === undefined) return { tools: [], toolPaths: [], declaredServers: [], advisory: [] }
  if (!Array.isArray(value)) throw wrongType("tools", "an array", value)
  if (value.length > maxFunctions) {
    const message = `'tools' has ${value.length} entries; at most ${maxFunctions} are possible.`
    throw invalidRequest("tools", message)
  }
  const names = new Set<string>()
  const advisory = new Set<string>()
  const declaredServers: string[] = []
  const toolPaths: string[] = []
  const tools = value.flatMap((entry: unknown, index): WireFunction[] => {
    const path = `tools[${index}]`
    if (!isObject(entry)) throw wrongType(path, "an object", entry)
    if (dialect === "responses" && typeof entry.type === "string" && dispensableTool.test(entry.type)) {
      advisory.add(`tools.${entry.type}`)
      return []
    }
    if (dialect === "responses" && entry.type === "mcp") {
      declaredServers.push(readOwnServer(entry, path))
      return []
    }
    if (entry.type !== "function") throw notAFunction(path, entry.type)
    const [fields, at] = dialect === "chat" ? [entry.function ?? {}, `${path}.function`] : [entry, path]
    const tool = readShape(functionShape, fields, at)
    const parametersPath = `${at}.parameters`
    assertObjectSchema(tool, parametersPath)
    for (const word of checkable(tool.parameters ?? {}).unchecked) {
      if (advisory.size < maxAdvisory) advisory.add(`${parametersPath}.${word}`)
    }
    if (names.has(tool.name))
      throw invalidRequest(path, `There are two functions of the name '${tool.name}'.`)
    names.add(tool.name)
    if (tool.defer_loading === true) advisory.add("tools.defer_loading")
    if (tool.output_schema != null) advisory.add("tools.output_schema")
    if (tool.allowed_callers?.includes("programmatic") === true) advisory.add("tools.allowed_callers")
    toolPaths.push(parametersPath)
    return [tool]
  })
  return { tools, toolPaths, declaredServers, advisory: [...advisory] }
}

/** Its label. */
function readOwnServer(entry: WireObject, path: string): string {
  const address = addresses.find((name) => entry[name] != null)
  if (address !== undefined) {
    throw wrongField(
      `${path}.${address}`,
      "cannot be served: a request adds no servers to an agent. Without an address it names one of the agent's own.",
    )
  }
  return readShape(ownServerShape, entry, path).server_label
}

/** Arguments have names: no model can call a function whose parameters are a list or a text. */
function assertObjectSchema({ name, parameters }: z.infer<typeof functionShape>, path: string): void {
  const { type } = parameters ?? {}
  if (type === undefined || [type].flat().includes("object")) return
  throw invalidRequest(path, `The parameters of function '${name}' must be a schema of the type 'object'.`)
}

function notAFunction(path: string, type: unknown): Error {
  if (typeof type !== "string") return unknownValue(`${path}.type`, ["function"], type)
  return invalidRequest(
    `${path}.type`,
    `Tools of the type '${type.slice(0, 64)}' cannot be served: the agent searches, edits and runs commands with its own ` +
      "tools. Leave it out, or offer a 'function'.",
  )
}

function readChoice(value: unknown, names: ReadonlySet<string>, dialect: FunctionDialect): FunctionChoice {
  if (value === undefined || value === "auto") return anyFunction
  if (value === "none") return { allowed: [], isRequired: false }
  if (value === "required") {
    assertSome(names)
    return { allowed: null, isRequired: true }
  }
  if (!isObject(value)) throw unknownValue("tool_choice", modes, value)
  if (value.type === "function") {
    const named = dialect === "chat" ? value.function : value
    const name = isObject(named) ? named.name : undefined
    const path = dialect === "chat" ? "tool_choice.function.name" : "tool_choice.name"
    return { allowed: [knownName(name, path, assertSome(names))], isRequired: true }
  }
  if (value.type === "allowed_tools") return readAllowed(value, names, dialect)
  throw unknownValue("tool_choice.type", ["function", "allowed_tools"], value.type)
}

function readAllowed(value: WireObject, names: ReadonlySet<string>, dialect: FunctionDialect) {
  const path = dialect === "chat" ? "tool_choice.allowed_tools" : "tool_choice"
  const fields = dialect === "chat" ? value.allowed_tools : value
  if (!isObject(fields)) throw wrongType(path, "an object", fields)
  if (!Array.isArray(fields.tools)) throw wrongType(`${path}.tools`, "an array", fields.tools)
  if (fields.mode !== "auto" && fields.mode !== "required") {
    throw unknownValue(`${path}.mode`, ["auto", "required"], fields.mode)
  }
  const isRequired = fields.mode === "required"
  if (isRequired && fields.tools.length === 0) {
    const message = `'${path}' demands a call of one of '${path}.tools', which is empty.`
    throw invalidRequest(`${path}.tools`, message)
  }
  assertSome(names)
  const allowed = fields.tools.map((entry: unknown, index) => {
    const named = isObject(entry) && dialect === "chat" ? entry.function : entry
    return knownName(isObject(named) ? named.name : undefined, `${path}.tools[${index}].name`, names)
  })
  return { allowed, isRequired }
}

function knownName(name: unknown, path: string, names: ReadonlySet<string>): string {
  if (typeof name === "string" && names.has(name)) return name
  throw unknownValue(path, [...names], name)
}

function assertSome(names: ReadonlySet<string>): ReadonlySet<string> {
  if (names.size > 0) return names
  throw wrongField("tool_choice", "asks for a function call, but 'tools' has no function.")
}
