import * as z from "zod"
import type { AgentProfile } from "../domain/agents.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import type { FunctionTool } from "../domain/items.ts"
import type { CallingTurn, ServiceToolResult } from "../domain/service-tools.ts"

/** A call of a tool, whose arguments are of the right form. */
export interface TeamCall<Arguments> {
  readonly arguments: Arguments
  readonly turn: CallingTurn
  readonly signal: AbortSignal
}

/** A tool that the service gives to its agents. */
export interface TeamTool {
  readonly tool: FunctionTool
  isFor(agent: AgentProfile): boolean
  /** `json` as the model wrote it. Rejects with `ProxyError`, whose message the model can read. */
  run(json: string, turn: CallingTurn, signal: AbortSignal): Promise<ServiceToolResult>
}

export function teamTool<Schema extends z.ZodObject>(definition: {
  readonly name: string
  readonly description: string
  readonly schema: Schema
  /** Absent: for every agent. */
  readonly isFor?: (agent: AgentProfile) => boolean
  readonly run: (call: TeamCall<z.infer<Schema>>) => Promise<ServiceToolResult> | ServiceToolResult
}): TeamTool {
  const { name, description, schema, run } = definition
  const { $schema: _, ...parameters } = z.toJSONSchema(schema, { io: "input" })
  return {
    tool: { name, description, parameters },
    isFor: definition.isFor ?? (() => true),
    run: async (json, turn, signal) => run({ arguments: parse(schema, name, json), turn, signal }),
  }
}

function parse<Schema extends z.ZodObject>(schema: Schema, name: string, json: string): z.infer<Schema> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new ProxyError(
      "invalid_request",
      `The arguments of ${name} are not JSON (${messageOf(error)}). Call it again.`,
    )
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join(".") || "arguments"}: ${message}`,
  )
  throw new ProxyError(
    "invalid_request",
    `The arguments of ${name} are not valid: ${problems.join("; ")}. Call it again.`,
  )
}
