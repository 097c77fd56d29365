import type { ThreadOptions, ThreadRef, TurnInput } from "../../domain/backend.ts"
import { type ContentPart, type FunctionTool, type MessageItem, textOf } from "../../domain/items.ts"
import type { AgentLimits, BackendContext } from "../kit/backend-context.ts"
import type { FunctionNames } from "../kit/functions/function-names.ts"
import { functionRules } from "../kit/functions/function-rules.ts"
import { anyResult, type Requester } from "../kit/rpc/rpc-client.ts"
import { type InjectedItem, imageDetail } from "./injected-items.ts"
import type { OwnConfig } from "./protocol.ts"

type Params = Readonly<Record<string, unknown>>

/**
 * Settings of every thread. A fork inherits none of them, so start, resume and fork all send them.
 * - goals start turns of their own; sub-agents outlive an interrupt.
 * - an unsubscribed thread gives its memory back after the delay, which is 30 minutes otherwise.
 * - results of the client's functions are cut at 12,000 to 48,000 characters otherwise.
 */
const threadConfig = {
  features: { goals: false, multi_agent: false },
  thread_unload_delay_secs: 1,
  tool_output_token_limit: 200_000,
}

/** What the threads of one agent have in common. */
export interface ThreadSettings extends Pick<BackendContext, "cwd" | "model" | "memory" | keyof AgentLimits> {
  /** See `patientProvider`. */
  readonly providerConfig?: Params
}

/** codex's sandbox `workspace-write` can protect nothing in a writable folder; a profile can. */
export const workspaceProfile = "ai-agent-proxy-workspace"

/** What codex's sandbox does not hold: servers of the person's own, apps and plugins. */
function readingConfig(ownServers: readonly string[]) {
  return {
    ...threadConfig,
    features: { ...threadConfig.features, apps: false, plugins: false },
    mcp_servers: Object.fromEntries(ownServers.map((name) => [name, { enabled: false }])),
  }
}

/** Leaves tools that can do nothing in a sandbox that nothing can be written in. */
function answeringConfig(ownServers: readonly string[]): Params {
  const config = readingConfig(ownServers)
  return {
    ...config,
    features: { ...config.features, shell_tool: false, unified_exec: false },
    web_search: "disabled",
  }
}

function commonParams(agent: ThreadSettings, isReadOnly = false): Params {
  const { cwd, model, permissions } = agent
  const config = { ...threadConfig, ...agent.providerConfig }
  return {
    cwd,
    approvalPolicy: "never",
    config,
    ...(permissions === "workspace" && !isReadOnly
      ? { permissions: workspaceProfile, config: { ...config, permissions: profilesOf(agent) } }
      : { sandbox: permissions === "full" && !isReadOnly ? "danger-full-access" : "read-only" }),
    ...(model === null ? {} : { model }),
  }
}

/** The path that says the most about a file decides on it, in whichever order they stand. */
function profilesOf({ writableFolders = [], protectedFolders = [] }: ThreadSettings): Params {
  const rules = [
    ...writableFolders.map((folder) => [folder, "write"]),
    ...protectedFolders.map((folder) => [folder, "read"]),
  ]
  return {
    [workspaceProfile]: {
      extends: ":workspace",
      filesystem: Object.fromEntries(rules),
      network: { enabled: true },
    },
  }
}

const configOfReach = { "only-reads": readingConfig, "only-answers": answeringConfig } as const

/** `ownServers`: the person's own MCP servers, which a thread that changes nothing has not. */
export function startParams(
  agent: ThreadSettings,
  options: ThreadOptions,
  names: FunctionNames,
  ownServers: readonly string[] = [],
): Params {
  return {
    ...commonParams(agent, options.reach !== undefined),
    ...(options.reach !== undefined && {
      config: { ...configOfReach[options.reach](ownServers), ...agent.providerConfig },
    }),
    ...(options.instructions === null ? {} : { developerInstructions: options.instructions }),
    dynamicTools: options.tools.map((tool) =>
      dynamicTool(agent.memory.functions.handed(tool, names, codexSchemas)),
    ),
    ephemeral: options.isEphemeral,
    experimentalRawEvents: true,
  }
}

export function resumeParams(agent: ThreadSettings, threadId: string): Params {
  return { ...commonParams(agent), threadId, excludeTurns: true }
}

export function forkParams(
  agent: ThreadSettings,
  threadId: string,
  lastTurnId: string,
  isEphemeral: boolean,
): Params {
  return {
    ...commonParams(agent),
    threadId,
    lastTurnId,
    ephemeral: isEphemeral,
    excludeTurns: true,
  }
}

const codexSchemas = functionRules.codex.schema

function dynamicTool({ name, description, parameters }: FunctionTool): Params {
  return { type: "function", name, description, inputSchema: parameters }
}

/** codex refuses a longer input (1,048,576 characters); injected items have no such limit. */
const maxInputCharacters = 1_000_000

/**
 * In the input of a turn these are read by codex itself: `$name` of a skill adds its whole text,
 * links of this kind what they name. What is injected is left alone.
 */
const mention = /\$[\w-]|\]\([a-z]+:\/\//i

/**
 * A turn takes one message of the user as its input. What comes before it, and what cannot be an
 * input (a developer's message, an overlong text, one that codex would read for mentions), goes
 * into the thread beforehand; the turn then goes on from there with an empty input.
 */
export function splitMessages(messages: readonly MessageItem[]): {
  readonly injected: readonly MessageItem[]
  readonly input: readonly Params[]
} {
  const last = messages.at(-1)
  const text = textOf(last?.content ?? [])
  if (last?.role !== "user" || text.length > maxInputCharacters || mention.test(text)) {
    return { injected: messages, input: [] }
  }
  return { injected: messages.slice(0, -1), input: last.content.map(userInput) }
}

function userInput(part: ContentPart): Params {
  if (part.type === "text") return { type: "text", text: part.text, text_elements: [] }
  return { type: "image", url: part.url, ...imageDetail(part) }
}

export function turnParams(
  threadId: string,
  input: readonly Params[],
  settings: Pick<TurnInput, "model" | "effort" | "outputSchema">,
): Params {
  return {
    threadId,
    input,
    summary: "auto",
    ...(settings.model === null ? {} : { model: settings.model }),
    ...(settings.effort === null ? {} : { effort: settings.effort }),
    ...(settings.outputSchema === null ? {} : { outputSchema: settings.outputSchema }),
  }
}

/** Adds items to a thread, see `injectChunks`. */
export async function inject(
  server: Requester,
  threadId: ThreadRef,
  items: readonly InjectedItem[],
): Promise<void> {
  for (const chunk of injectChunks(items)) {
    await server.request("thread/inject_items", { threadId, items: chunk }, anyResult)
  }
}

const chunkItems = 500
const chunkCharacters = 4_000_000

/** In requests of bounded size: one line of JSON is parsed in one go on the other side. */
export function injectChunks(items: readonly InjectedItem[]): InjectedItem[][] {
  const chunks: InjectedItem[][] = []
  let chunk: InjectedItem[] = []
  let characters = 0
  for (const item of items) {
    const length = JSON.stringify(item).length
    if (chunk.length > 0 && (chunk.length >= chunkItems || characters + length > chunkCharacters)) {
      chunks.push(chunk)
      chunk = []
      characters = 0
    }
    chunk.push(item)
    characters += length
  }
  if (chunk.length > 0) chunks.push(chunk)
  return chunks
}

/** They are codex's own, and it refuses a configuration that changes them. */
const builtIn: ReadonlySet<string> = new Set(["openai", "ollama", "lmstudio", "amazon-bedrock"])

/**
 * Configuration of a thread that has codex wait longer for a model which thinks without a sign:
 * after 300 s it gives up and asks anew otherwise. Our own clock (`limits.silence_ms`) ends what is
 * silent for too long, and says so. Empty where the person has set the limit, and for codex's
 * built-in providers.
 */
export function patientProvider(config: OwnConfig, streamIdleMs: number): Params {
  const name = config.model_provider ?? "openai"
  const provider = config.model_providers?.[name]
  if (provider === undefined || builtIn.has(name) || provider.stream_idle_timeout_ms != null) return {}
  return { model_providers: { [name]: { stream_idle_timeout_ms: streamIdleMs } } }
}
