import { z } from "zod"
import { rawValueAt } from "../../domain/raw-json.ts"
import type { Usage } from "../../domain/usage.ts"
import type { TreeRoot } from "../kit/process/process-tree.ts"
import type { Requester } from "../kit/rpc/rpc-client.ts"

/**
 * The part of the app-server protocol that we use (`codex app-server generate-ts --experimental`
 * prints all of it). Objects are open: unknown fields are dropped, unknown notifications and items
 * are ignored by their readers.
 */

/** An app-server for those who only ask it, and end what its threads leave behind. */
export interface AppServerCalls extends Requester {
  readonly tree: TreeRoot
}

const turnScope = { threadId: z.string(), turnId: z.string() }

export const nativeItemSchema = z.looseObject({ type: z.string(), id: z.string() })
export type NativeItem = z.infer<typeof nativeItemSchema>

const turnErrorSchema = z.object({
  message: z.string(),
  codexErrorInfo: z.unknown().optional(),
  additionalDetails: z.string().nullish(),
})
export type NativeTurnError = z.infer<typeof turnErrorSchema>

const tokenCountSchema = z.object({
  inputTokens: z.number(),
  cachedInputTokens: z.number().default(0),
  outputTokens: z.number(),
  reasoningOutputTokens: z.number().default(0),
})

/** A share of the account's plan; `resetsAt` in seconds of the epoch. */
const limitWindowSchema = z.object({ usedPercent: z.number(), resetsAt: z.number().nullish() }).nullish()
const limitsSchema = z.object({ primary: limitWindowSchema, secondary: limitWindowSchema })

/** The notifications that we read, by method. */
const notificationSchemas = {
  "turn/started": z.object({ threadId: z.string(), turn: z.object({ id: z.string() }) }),
  "turn/completed": z.object({
    threadId: z.string(),
    turn: z.object({ id: z.string(), status: z.string(), error: turnErrorSchema.nullish() }),
  }),
  "item/started": z.object({ ...turnScope, item: nativeItemSchema }),
  "item/completed": z.object({ ...turnScope, item: nativeItemSchema }),
  "item/agentMessage/delta": z.object({ ...turnScope, itemId: z.string(), delta: z.string() }),
  "item/reasoning/summaryTextDelta": z.object({
    ...turnScope,
    itemId: z.string(),
    delta: z.string(),
    summaryIndex: z.number().default(0),
  }),
  "item/reasoning/textDelta": z.object({
    ...turnScope,
    itemId: z.string(),
    delta: z.string(),
    contentIndex: z.number().default(0),
  }),
  "rawResponseItem/completed": z.object({ ...turnScope, item: z.looseObject({ type: z.string() }) }),
  "rawResponse/completed": z.object({ ...turnScope, usage: tokenCountSchema.nullish().catch(null) }),
  "thread/tokenUsage/updated": z.object({
    ...turnScope,
    tokenUsage: z.object({ last: tokenCountSchema, total: tokenCountSchema.nullish() }),
  }),
  error: z.object({ ...turnScope, error: turnErrorSchema, willRetry: z.boolean().default(false) }),
  warning: z.object({ threadId: z.string().nullish(), message: z.string() }),
  "model/rerouted": z.object({ ...turnScope, fromModel: z.string(), toModel: z.string() }),
  configWarning: z.object({ summary: z.string(), details: z.string().nullish() }),
  "account/updated": z.object({}),
  "account/login/completed": z.object({}),
  "account/rateLimits/updated": z.object({ rateLimits: limitsSchema }),
  "thread/closed": z.object({ threadId: z.string() }),
} as const

type Schemas = typeof notificationSchemas
type Method = keyof Schemas
export type Notification = {
  [M in Method]: { readonly method: M; readonly params: z.infer<Schemas[M]> }
}[Method]

/** Nobody here reads them, and some repeat whole diffs or outputs. */
export const unreadNotifications = [
  "item/commandExecution/outputDelta",
  "item/fileChange/outputDelta",
  "item/fileChange/patchUpdated",
  "remoteControl/status/changed",
  "thread/readState/changed",
  "thread/started",
  "thread/status/changed",
  "turn/diff/updated",
] as const

/** Null: not one of ours. Throws a `ZodError` when one of ours has another form. */
export function parseNotification(method: string, params: unknown): Notification | null {
  if (!Object.hasOwn(notificationSchemas, method)) return null
  const known = method as Method // an own key of the table, see above
  // The pair of method and params is right by construction; the union cannot express it.
  return { method: known, params: notificationSchemas[known].parse(params) } as Notification
}

const toolCallSchema = z.object({
  ...turnScope,
  callId: z.string(),
  tool: z.string(),
  arguments: z.unknown(),
})
export type NativeToolCall = z.infer<typeof toolCallSchema> & {
  /** The arguments as codex has written them; null: not known. */
  readonly argumentsText: string | null
}

/** `line`: the message that `params` is of. Null: it has another form. */
export function parseToolCall(params: unknown, line: string): NativeToolCall | null {
  const { data } = toolCallSchema.safeParse(params)
  return data === undefined ? null : { ...data, argumentsText: rawValueAt(line, ["params", "arguments"]) }
}

export const serverInfoSchema = z.object({ userAgent: z.string() })
export const accountResultSchema = z.object({
  account: z.unknown().optional(),
  requiresOpenaiAuth: z.boolean().default(true),
})
export const threadResultSchema = z.object({
  thread: z.object({ id: z.string(), path: z.string().nullish() }),
  model: z.string(),
  reasoningEffort: z.string().nullish(),
  /** Older ones than 0.138 know nothing of profiles. */
  activePermissionProfile: z.object({ id: z.string() }).nullish(),
})
export type ThreadResult = z.infer<typeof threadResultSchema>
export const turnResultSchema = z.object({ turn: z.object({ id: z.string() }) })
export const configResultSchema = z.object({
  config: z.object({
    model: z.string().nullish(),
    model_reasoning_effort: z.string().nullish(),
    mcp_servers: z.record(z.string(), z.unknown()).nullish(),
    model_provider: z.string().nullish(),
    model_providers: z
      .record(z.string(), z.looseObject({ stream_idle_timeout_ms: z.number().nullish() }))
      .nullish()
      .catch(null),
  }),
})
export type OwnConfig = Partial<z.infer<typeof configResultSchema>["config"]>
export const modelListResultSchema = z.object({
  data: z.array(
    z.object({
      model: z.string(),
      isDefault: z.boolean().default(false),
      defaultReasoningEffort: z.string().nullish(),
      supportedReasoningEfforts: z.array(z.object({ reasoningEffort: z.string() })).default([]),
    }),
  ),
})
export type ListedModel = z.infer<typeof modelListResultSchema>["data"][number]
const terminalSchema = z.object({ itemId: z.string(), processId: z.string() })
/** A command that codex has running for a thread, also one that no turn waits for any more. */
export type Terminal = z.infer<typeof terminalSchema>
export const terminalsResultSchema = z.object({ data: z.array(terminalSchema) })
/** When a used-up plan begins anew, in milliseconds of the epoch; null: none is, or not told. */
export function limitResetOf({ primary, secondary }: z.infer<typeof limitsSchema>): number | null {
  const usedUp = [primary, secondary].flatMap((window) =>
    window != null && window.usedPercent >= 100 && window.resetsAt != null ? [window.resetsAt * 1_000] : [],
  )
  return usedUp.length === 0 ? null : Math.max(...usedUp)
}

export function usageOf({ reasoningOutputTokens, ...count }: z.infer<typeof tokenCountSchema>): Usage {
  return { ...count, reasoningTokens: reasoningOutputTokens }
}
