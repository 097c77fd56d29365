/**
 * What happens inside a turn, in words that no agent CLI and no API owns. Backends produce items,
 * the engine numbers and stores them, `protocol/` maps them to the wire.
 */

export type ItemStatus = "in_progress" | "completed" | "incomplete" | "failed"

/** What a client sent in place of the text or image that the agent gets for it. */
export interface ContentOrigin {
  /** The same wherever it is saved now: by it a history that is sent again is recognised. */
  readonly key: string
  readonly filename: string | null
  /** Where it came from, if not with the request. */
  readonly fileId: string | null
  readonly url: string | null
}

export type ImageDetail = "auto" | "low" | "high"

/**
 * Text, or an image given as a `data:` URL (a backend never fetches anything). A text with an
 * origin tells the agent where a file of the client lies.
 */
export type ContentPart =
  | { readonly type: "text"; readonly text: string; readonly origin?: ContentOrigin }
  | {
      readonly type: "image"
      readonly url: string
      readonly detail?: ImageDetail
      readonly origin?: ContentOrigin
    }

/** `commentary` on the way, `final_answer`; null: the CLI does not tell them apart. */
export type Phase = "commentary" | "final_answer" | null

export type Role = "user" | "assistant" | "developer"

export interface MessageItem<Part = ContentPart> {
  readonly type: "message"
  readonly id: string
  readonly role: Role
  /** The service says it beside what the user says, who has not said it. */
  readonly isAside?: true
  /** Told and taken back, see `item.withdrawn`: whoever read the stream has it. */
  readonly isWithdrawn?: true
  readonly content: readonly Part[]
  readonly phase: Phase
  readonly status: ItemStatus
}

/** Summaries of the model's reasoning, one string a part. */
export interface ReasoningItem {
  readonly type: "reasoning"
  readonly id: string
  /** `summary` is no summary, but the reasoning itself: open models show it. */
  readonly isRaw?: true
  readonly summary: readonly string[]
  readonly status: ItemStatus
}

/** Kind of the CLI, also once the agent has another. Absent: of a time when it was not kept. */
interface MadeBy {
  readonly server?: string
}

/** A shell command that the agent ran by itself. */
export interface CommandItem extends MadeBy {
  readonly type: "command"
  readonly id: string
  readonly command: string
  readonly cwd: string | null
  /** stdout and stderr as the CLI merged them; invalid UTF-8 is U+FFFD. */
  readonly output: string
  readonly exitCode: number | null
  readonly status: ItemStatus
}

export interface FileChange {
  readonly path: string
  readonly kind: "add" | "update" | "delete"
  /** Unified diff, or the whole text of an added file, as the CLI gives it. */
  readonly diff: string
}

/** An edit that the agent made by itself. */
export interface FileChangeItem extends MadeBy {
  readonly type: "file_change"
  readonly id: string
  readonly changes: readonly FileChange[]
  readonly status: ItemStatus
}

/** Any other tool that the agent used by itself (MCP servers and the CLI's own tools). */
export interface ToolCallItem {
  readonly type: "tool_call"
  readonly id: string
  /** MCP server, or the CLI's name for its own tools. */
  readonly server: string
  readonly tool: string
  /** JSON text. */
  readonly arguments: string
  readonly output: string | null
  readonly error: string | null
  readonly status: ItemStatus
}

export interface WebSearchItem {
  readonly type: "web_search"
  readonly id: string
  readonly query: string
  readonly status: ItemStatus
}

/** A function of the API client or a tool of the service, offered to the agent. */
export interface FunctionTool {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Its name begins with it where the CLI has a tool of that name. Absent: the client's. */
  readonly owner?: string
}

/** A call of a function that belongs to the API client: the client runs it, never the agent. */
export interface FunctionCallItem {
  readonly type: "function_call"
  readonly id: string
  readonly callId: string
  readonly name: string
  /** JSON text. */
  readonly arguments: string
  readonly status: ItemStatus
}

/** The client's answer to a function call. */
export interface FunctionCallOutputItem<Part = ContentPart> {
  readonly type: "function_call_output"
  readonly id: string
  readonly callId: string
  readonly output: readonly Part[]
  readonly status: ItemStatus
}

export type Item<Part = ContentPart> =
  | MessageItem<Part>
  | ReasoningItem
  | CommandItem
  | FileChangeItem
  | ToolCallItem
  | WebSearchItem
  | FunctionCallItem
  | FunctionCallOutputItem<Part>

/** The text of a message: its text parts joined without a separator. */
export function textOf(content: readonly ContentPart[]): string {
  return content.map((part) => (part.type === "text" ? part.text : "")).join("")
}

/** A whole message of one text. */
export function textMessage(id: string, role: Role, text: string): MessageItem {
  return { type: "message", id, role, content: [{ type: "text", text }], phase: null, status: "completed" }
}

/** True for what the agent says as (part of) its answer; commentary on the way is not. */
export function isAnswer(item: Item): item is MessageItem {
  return item.type === "message" && item.role === "assistant" && item.phase !== "commentary"
}

/**
 * The answer of a turn as one text: what a chat client gets as `content`, and resends later as the
 * assistant's message. Messages without text count for nothing, as in a stream.
 */
export function answerText(items: readonly Item[]): string {
  return items
    .filter(isAnswer)
    .map((message) => textOf(message.content))
    .filter((text) => text !== "")
    .join("\n\n")
}
