import { z } from "zod"
import { rawValueAt } from "../../domain/raw-json.ts"

/**
 * The Agent Client Protocol, version 1, as far as it is read here: https://agentclientprotocol.com.
 * Unknown fields, kinds of updates and of content are left alone: programs are ahead of each other
 * and of this file.
 */
export const protocolVersion = 1

const flag = z.boolean().nullish()
const object = z.record(z.string(), z.unknown())

export const agentDescriptionSchema = z.object({
  protocolVersion: z.number(),
  agentInfo: z.object({ name: z.string(), version: z.string().nullish() }).nullish(),
  agentCapabilities: z
    .object({
      loadSession: flag,
      promptCapabilities: z.object({ image: flag }).nullish(),
      mcpCapabilities: z.object({ http: flag }).nullish(),
      sessionCapabilities: z.object({ close: object.nullish(), delete: object.nullish() }).nullish(),
    })
    .nullish(),
  authMethods: z.array(z.object({ id: z.string() })).nullish(),
})
export type AgentDescription = z.infer<typeof agentDescriptionSchema>

const choiceSchema = z.object({ value: z.string() })
const configOptionSchema = z.object({
  id: z.string(),
  category: z.string().nullish(),
  currentValue: z.unknown().optional(),
  // Choices stand alone or in groups.
  options: z.array(z.union([choiceSchema, z.object({ options: z.array(choiceSchema) })])).nullish(),
})
type ConfigOption = z.infer<typeof configOptionSchema>

export const sessionResultSchema = z.object({
  sessionId: z.string().nullish(),
  modes: z
    .object({
      currentModeId: z.string().nullish(),
      availableModes: z.array(z.object({ id: z.string() })).nullish(),
    })
    .nullish(),
  models: z
    .object({
      currentModelId: z.string().nullish(),
      availableModels: z.array(z.object({ modelId: z.string() })).nullish(),
    })
    .nullish(),
  configOptions: z.array(configOptionSchema).nullish(),
})
export type SessionDescription = z.infer<typeof sessionResultSchema>

/** The values that a configuration option may have. */
export function choicesOf(option: ConfigOption): string[] {
  return (option.options ?? []).flatMap((entry) =>
    "value" in entry ? [entry.value] : entry.options.map(({ value }) => value),
  )
}

const tokens = z.number().nonnegative().nullish()
const usageSchema = z.object({
  inputTokens: tokens,
  outputTokens: tokens,
  thoughtTokens: tokens,
  cachedReadTokens: tokens,
})
export type ToldUsage = z.infer<typeof usageSchema>

export const promptResultSchema = z.object({
  stopReason: z.string(),
  usage: usageSchema.nullish(),
  _meta: z
    .object({
      quota: z
        .object({ token_count: z.object({ input_tokens: tokens, output_tokens: tokens }).nullish() })
        .nullish(),
    })
    .nullish(),
})
export type PromptResult = z.infer<typeof promptResultSchema>

const contentBlockSchema = z.object({ type: z.string(), text: z.string().nullish() })

const toolContentSchema = z.object({
  type: z.string(),
  content: contentBlockSchema.nullish(),
  path: z.string().nullish(),
  oldText: z.string().nullish(),
  newText: z.string().nullish(),
})

const toolFields = {
  toolCallId: z.string(),
  title: z.string().nullish(),
  kind: z.string().nullish(),
  status: z.string().nullish(),
  content: z.array(toolContentSchema).nullish(),
  locations: z.array(z.object({ path: z.string() })).nullish(),
  rawInput: z.unknown().optional(),
  rawOutput: z.unknown().optional(),
}
const toolUpdateSchema = z.object(toolFields)
export type ToolUpdate = z.infer<typeof toolUpdateSchema> & {
  /** `rawInput` as the program has written it. */
  readonly rawInputText?: string | null
}

const updateSchema = z.discriminatedUnion("sessionUpdate", [
  z.object({
    sessionUpdate: z.literal("agent_message_chunk"),
    content: contentBlockSchema,
    messageId: z.string().nullish(),
    // qwen tells the tokens of each model request behind its words. Another form of it is none.
    _meta: z.object({ usage: usageSchema.nullish() }).nullish().catch(null),
  }),
  z.object({ sessionUpdate: z.literal("agent_thought_chunk"), content: contentBlockSchema }),
  z.object({ sessionUpdate: z.literal("user_message_chunk"), content: contentBlockSchema }),
  z.object({ sessionUpdate: z.literal("tool_call"), ...toolFields }),
  z.object({ sessionUpdate: z.literal("tool_call_update"), ...toolFields }),
])
type ReadUpdate = z.infer<typeof updateSchema>
export type SessionUpdate =
  | Exclude<ReadUpdate, { sessionUpdate: "tool_call" | "tool_call_update" }>
  | (Extract<ReadUpdate, { sessionUpdate: "tool_call" | "tool_call_update" }> & ToolUpdate)

const notificationSchema = z.object({
  sessionId: z.string(),
  update: z.looseObject({ sessionUpdate: z.string() }),
})

const readUpdates: ReadonlySet<string> = new Set([
  "agent_message_chunk",
  "agent_thought_chunk",
  "user_message_chunk",
  "tool_call",
  "tool_call_update",
])

/** `line`: the whole message. Null: not read here. Throws where a known update has changed. */
export function parseUpdate(
  params: unknown,
  line: string,
): { sessionId: string; update: SessionUpdate } | null {
  const notification = notificationSchema.parse(params)
  if (!readUpdates.has(notification.update.sessionUpdate)) return null
  const { sessionId } = notification
  const update = updateSchema.parse(notification.update)
  if (!("toolCallId" in update) || update.rawInput == null) return { sessionId, update }
  return {
    sessionId,
    update: { ...update, rawInputText: rawValueAt(line, ["params", "update", "rawInput"]) },
  }
}

export const permissionRequestSchema = z.object({
  sessionId: z.string(),
  toolCall: toolUpdateSchema,
  options: z.array(z.object({ optionId: z.string(), kind: z.string() })),
})
export type PermissionRequest = z.infer<typeof permissionRequestSchema>
