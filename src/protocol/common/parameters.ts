import * as z from "zod"
import { type FunctionDialect, toolChoiceForm, toolsForm } from "./functions.ts"
import { bodyOf, isObject, readShape, wrongField } from "./shape.ts"

/**
 * `served`: it does what the API says. `advisory`: checked, repeated in the answer and named in a
 * header, without effect on the agent. `refused`: a 400 that names it.
 */
export type ParameterKind = "served" | "advisory" | "refused"

/** A documented field. The tables are the one truth for parsers and documentation. */
export interface Parameter {
  readonly name: string
  readonly kind: ParameterKind
  /** For the documentation: what is served, why it has no effect, or why it is refused. */
  readonly note: string
  /** Form and range. A served parameter without it is read by its endpoint's parser. */
  readonly form?: z.ZodType
  /** For the document only, where the parser reads the value piece by piece. */
  readonly documented?: () => z.ZodType
  readonly isRequired?: true
  /** Refused parameters: values that ask for nothing, and pass. */
  readonly passes?: (value: unknown) => boolean
  /** True: the answer repeats the value. */
  readonly isEchoed?: boolean
}

/** What the table says about one body. */
export interface ReadParameters {
  /** The body without nulls: null means absent. */
  readonly body: Readonly<Record<string, unknown>>
  readonly advisory: readonly string[]
  readonly echo: Readonly<Record<string, unknown>>
}

/** Fields that it does not know have no effect and are named as advisory, misspelt ones too. */
export function readParameters(table: readonly Parameter[], input: unknown): ReadParameters {
  const body: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(bodyOf(input))) if (value !== null) body[name] = value

  const advisory: string[] = []
  const echo: Record<string, unknown> = {}
  for (const parameter of table) {
    const { name } = parameter
    const value = body[name]
    if (value === undefined) continue
    if (parameter.kind === "refused" && parameter.passes?.(value) !== true) {
      throw wrongField(name, `cannot be served: ${parameter.note}`)
    }
    if (parameter.form !== undefined) readShape(parameter.form, value, name)
    if (parameter.kind === "advisory") advisory.push(name)
    if (parameter.isEchoed === true) echo[name] = value
  }
  const names = table.map(({ name }) => name)
  return { body, advisory: [...advisory, ...unknownFields(body, names)], echo }
}

/** Those that are not among the `names` of a route, named as advisory. Null means absent. */
export function unknownFields(body: unknown, names: readonly string[]): readonly string[] {
  if (!isObject(body)) return []
  const isKnown = (name: string) => names.includes(name) || ownFields.includes(name)
  return Object.entries(body)
    .filter(([name, value]) => value !== null && !isKnown(name) && nameInHeader.test(name))
    .map(([name]) => name)
    .slice(0, maxUnknown)
}

/** Not documented by any API. It names a conversation, see `http/guard/request-headers.ts`. */
const ownFields = ["context_id"]

/** What can stand in a header, and be told apart there. */
const nameInHeader = /^[\w.$-]{1,64}$/
const maxUnknown = 20

export const metadata = z.record(z.string(), z.string().max(512)).superRefine((pairs, context) => {
  const keys = Object.keys(pairs)
  if (keys.length > 16) {
    context.addIssue(`'metadata' has ${keys.length} pairs; at most 16 are allowed.`)
  }
  if (keys.some((key) => key.length > 64)) {
    context.addIssue("'metadata' has a key of more than 64 characters.")
  }
})

/** OpenAI's warm-up: the request wants no answer, so nothing may run. */
const cacheOptions = z.looseObject({
  prewarm: z
    .boolean()
    .nullish()
    .refine((isWanted) => isWanted !== true, {
      error: "'prompt_cache_options.prewarm' cannot be served: an agent prepares nothing without a turn.",
    }),
})

const serviceTiers = ["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"]
const penalty = z.number().min(-2).max(2)

/** True for `[]`: a list of nothing asks for nothing. */
export function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** What both APIs have in common; `tools` has a form of its own in each. */
export function commonParameters(dialect: FunctionDialect): readonly Parameter[] {
  const tools = { documented: () => toolsForm(dialect) }
  return common.map((parameter) => (parameter.name === "tools" ? { ...parameter, ...tools } : parameter))
}

const common: readonly Parameter[] = [
  {
    name: "model",
    kind: "served",
    note: "Names an agent (`manager`, `engineer_alice`, or a unique bare name); anything else goes to the manager.",
    form: z.string(),
  },
  { name: "stream", kind: "served", note: "Server-sent events.", form: z.boolean() },
  {
    name: "metadata",
    kind: "served",
    note: "At most 16 texts; keys to 64 characters, values to 512. Repeated in the answer.",
    form: metadata,
    isEchoed: true,
  },
  {
    name: "tools",
    kind: "served",
    note: "Functions of the client: the agent calls them, the client answers. Over Responses `mcp` without an address declares the agent's own server. Others are advisory (`web_search`, `namespace`, `tool_search`) or refused by name. Rules of a schema that cannot be checked (`pattern`s that are none in JavaScript, `format`) are advisory.",
  },
  {
    name: "tool_choice",
    kind: "served",
    note: "`none`, `auto`, `required`, a named function or `allowed_tools`; held by the service.",
    documented: toolChoiceForm,
  },
  {
    name: "parallel_tool_calls",
    kind: "served",
    note: "False: one call of a client function at a time. The agent's own tools are not meant.",
    form: z.boolean(),
    isEchoed: true,
  },
  {
    name: "temperature",
    kind: "advisory",
    note: "0 to 2. Agent CLIs do their own sampling.",
    form: z.number().min(0).max(2),
    isEchoed: true,
  },
  {
    name: "top_p",
    kind: "advisory",
    note: "0 to 1. Agent CLIs do their own sampling.",
    form: z.number().min(0).max(1),
    isEchoed: true,
  },
  {
    name: "presence_penalty",
    kind: "advisory",
    note: "-2 to 2. Agent CLIs do their own sampling.",
    form: penalty,
    isEchoed: true,
  },
  {
    name: "frequency_penalty",
    kind: "advisory",
    note: "-2 to 2. Agent CLIs do their own sampling.",
    form: penalty,
    isEchoed: true,
  },
  {
    name: "top_logprobs",
    kind: "refused",
    note: "agent CLIs tell no log probabilities; 0 passes.",
    passes: (value) => value === 0,
  },
  {
    name: "service_tier",
    kind: "advisory",
    note: "The CLI's own account and plan decide.",
    form: z.enum(serviceTiers),
    isEchoed: true,
  },
  {
    name: "user",
    kind: "advisory",
    note: "Not sent to the model server.",
    form: z.string(),
    isEchoed: true,
  },
  {
    name: "safety_identifier",
    kind: "advisory",
    note: "At most 128 characters. Not sent to the model server.",
    form: z.string().max(128),
    isEchoed: true,
  },
  {
    name: "prompt_cache_key",
    kind: "advisory",
    note: "A continued thread uses the model server's cache by itself.",
    form: z.string(),
    isEchoed: true,
  },
  {
    name: "prompt_cache_retention",
    kind: "advisory",
    note: "`in_memory` or `24h`. The CLI decides.",
    form: z.enum(["in_memory", "24h"]),
    isEchoed: true,
  },
  {
    name: "prompt_cache_options",
    kind: "advisory",
    note: "The CLI decides. `prewarm: true` is refused: an agent prepares nothing without a turn.",
    form: cacheOptions,
  },
  { name: "moderation", kind: "refused", note: "no moderation results can be given." },
  // What asks for no turn, or for another kind of one, must not start an agent, whichever API and
  // carrier it comes by.
  {
    name: "generate",
    kind: "refused",
    note: "an agent prepares nothing without a turn; `true` passes.",
    passes: (value) => value === true,
  },
  {
    name: "multi_agent",
    kind: "refused",
    note: "one agent runs a turn; name others in `model`, or let it ask them. `enabled: false` passes.",
    passes: (value) => isObject(value) && value.enabled === false,
  },
  {
    name: "stream_id",
    kind: "refused",
    note: "a connection runs one turn at a time; open another one.",
  },
]
