import { isDeepStrictEqual } from "node:util"
import type { Item } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { TurnEvent } from "../../domain/turn-events.ts"
import { addUsage, noUsage, type Usage } from "../../domain/usage.ts"
import { messageItem, OpenTexts, reasoningItem } from "../kit/turn/texts.ts"
import { ClientCalls } from "./client-calls.ts"
import { retryErrorOf, type ToldOfModel } from "./errors.ts"
import { finishedItem, startedItem, type ToolUse, textOfResult, toolUseOf } from "./items.ts"
import type {
  AssistantEvent,
  ClaudeEvent,
  ContentBlock,
  NativeUsage,
  ResultEvent,
  StreamEvent,
  SystemEvent,
  UserEvent,
} from "./protocol.ts"

export interface ClaudeTurnReaderOptions {
  readonly push: (event: TurnEvent) => void
  readonly calls: ClientCalls
  /** The answer comes by the tool for it; all texts are said on the way. */
  readonly hasSchema: boolean
  readonly log: Log
}

interface OpenText {
  readonly id: string
  readonly type: "text" | "thinking"
  text: string
}

/** Tool by which claude gives an answer that has a schema. */
export const answerTool = "StructuredOutput"

/** How often work that shows nothing counts as progress. */
const progressEveryMs = 5_000

/** Understands what claude prints during one turn, up to its result. */
export class ClaudeTurnReader {
  readonly #options: ClaudeTurnReaderOptions
  readonly #open = new Map<number, OpenText>()
  readonly #openTexts = new OpenTexts()
  /** Texts that broke off, by id, until something else is said: until then they are the last. */
  readonly #broken = new Map<string, OpenText>()
  readonly #uses = new Map<string, ToolUse>()
  /** Inputs of tools as far as they are written, by index of the block; the indices, by tool id. */
  readonly #writing = new Map<number, string>()
  readonly #writers = new Map<string, number>()
  #answerInput: ToolUse | null = null
  #stopReason: string | null = null
  #hasShown = false
  #messageId = ""
  #blockCount = 0
  /** Of model requests that are over, and of the current one. */
  #usage: Usage | null = null
  #requestUsage: Usage = noUsage
  #lastUuid: string | null = null
  #lastProgress = Number.NEGATIVE_INFINITY
  #errorName: string | null = null
  #rateLimit: ToldOfModel["rateLimit"] = null

  constructor(options: ClaudeTurnReaderOptions) {
    this.#options = options
  }

  get usage(): Usage | null {
    return this.#usage === null ? null : addUsage(this.#usage, this.#requestUsage)
  }

  /** What was told of the model, for a turn that failed. */
  get told(): ToldOfModel {
    return { errorName: this.#errorName, rateLimit: this.#rateLimit }
  }

  /** Why the model ended its newest message, as far as it was streamed. */
  get stopReason(): string | null {
    return this.#stopReason
  }

  /** The model has said or done something. */
  get hasShown(): boolean {
    return this.#hasShown
  }

  /** claude's id of the last message of the turn: where a fork can begin. */
  get lastUuid(): string | null {
    return this.#lastUuid
  }

  read(event: Exclude<ClaudeEvent, ResultEvent>): void {
    switch (event.type) {
      case "stream_event":
        // What a subagent says is its own affair; that it says something is progress.
        if (event.parent_tool_use_id != null) this.#progress("a subagent works")
        else this.#stream(event.event)
        break
      case "assistant":
        if (event.parent_tool_use_id == null) this.#assistant(event)
        break
      case "user":
        if (event.parent_tool_use_id == null) this.#user(event)
        break
      case "system":
        this.#system(event)
        break
      case "rate_limit_event":
        this.#rateLimit = event.rate_limit_info
        break
      case "control_response":
      case "control_request":
        break
    }
  }

  /** The turn is over, in whichever way: nothing stays open. */
  finish(result: ResultEvent | null): void {
    this.#closeTexts()
    for (const use of this.#uses.values()) {
      const cut = { output: "", isError: true, details: null }
      this.tell({ type: "item.completed", item: finishedItem(use, cut) })
    }
    this.#uses.clear()
    if (result?.usage != null && (this.#usage !== null || result.is_error !== true)) {
      this.#usage = usageOf(result.usage)
      this.#requestUsage = noUsage
    }
    if (result !== null && result.is_error !== true && this.#options.hasSchema) this.#answer(result)
  }

  #stream(event: StreamEvent["event"]): void {
    const { calls } = this.#options
    switch (event.type) {
      case "message_start":
        // A request that broke off is made again.
        this.#askedAgain()
        this.#writing.clear()
        this.#writers.clear()
        this.#messageId = event.message?.id ?? ""
        this.#usage = this.usage ?? noUsage
        this.#requestUsage = event.message?.usage == null ? noUsage : usageOf(event.message.usage)
        calls.messageBegan()
        break
      case "content_block_start":
        this.#start(event.index ?? 0, event.content_block)
        break
      case "content_block_delta": {
        const index = event.index ?? 0
        const open = this.#open.get(index)
        const text = event.delta?.text ?? event.delta?.thinking
        const written = event.delta?.partial_json
        if (written !== undefined) this.#writing.set(index, (this.#writing.get(index) ?? "") + written)
        if (open === undefined || text === undefined) this.#progress("the agent writes")
        else if (text !== "") {
          open.text += text
          const channel = open.type === "text" ? "text" : "summary"
          this.tell({ type: "item.delta", itemId: open.id, channel, index: 0, text })
        }
        break
      }
      case "message_delta":
        this.#stopReason = event.delta?.stop_reason ?? null
        if (event.usage != null) {
          const { outputTokens } = usageOf(event.usage)
          this.#requestUsage = { ...this.#requestUsage, outputTokens }
        }
        break
      case "message_stop":
        calls.messageEnded()
        break
    }
  }

  #start(index: number, block: ContentBlock | undefined): void {
    const type = block?.type
    this.#writing.delete(index)
    if (type === "tool_use") this.#writers.set(String(block?.id), index)
    if (type !== "text" && type !== "thinking") return
    this.#blockCount += 1
    const open: OpenText = { id: `${this.#messageId}/${this.#blockCount}`, type, text: "" }
    this.#open.set(index, open)
    this.tell({ type: "item.started", item: this.#textItem(open, "in_progress") })
  }

  /** Once for each complete block; of one that was not streamed nothing came before. */
  #assistant(event: AssistantEvent): void {
    const { message } = event
    this.#lastUuid = event.uuid ?? this.#lastUuid
    // claude's own words: that the model server refused, for example. The result has them, too.
    if (message.model === "<synthetic>") {
      this.#errorName = event.error ?? null
      return
    }
    if (message.id !== this.#messageId) {
      this.#askedAgain()
      this.#messageId = message.id
    }
    this.#hasShown = true
    this.#native("assistant", message.content)
    for (const block of message.content) this.#block(block)
  }

  #block(block: ContentBlock): void {
    const { calls } = this.#options
    if (block.type === "text" || block.type === "thinking") {
      const text = String(block[block.type] ?? "")
      const [index, open] = [...this.#open].find(([, { type }]) => type === block.type) ?? [null, null]
      if (index !== null) this.#open.delete(index)
      if (open === null && text === "") return
      this.#blockCount += open === null ? 1 : 0
      const told = open ?? { id: `${this.#messageId}/${this.#blockCount}`, type: block.type, text }
      this.tell({ type: "item.completed", item: this.#textItem({ ...told, text }, "completed") })
      return
    }
    const use = toolUseOf(block, this.#writtenInput(block))
    if (use?.name === answerTool) this.#answerInput = use
    if (use === null || use.name === answerTool) return
    if (ClientCalls.isClientTool(use.name)) {
      calls.announce(use)
      return
    }
    this.#uses.set(use.id, use)
    this.tell({ type: "item.started", item: startedItem(use) })
  }

  #user(event: UserEvent): void {
    this.#lastUuid = event.uuid ?? this.#lastUuid
    const { content } = event.message
    if (typeof content === "string") return
    const results = content.filter((block) => block.type === "tool_result")
    this.#native("user", results)
    for (const block of results) {
      const id = String(block.tool_use_id)
      this.#options.calls.ended(id)
      const use = this.#uses.get(id)
      if (use === undefined) continue
      this.#uses.delete(id)
      const item = finishedItem(use, {
        output: textOfResult(block.content),
        isError: block.is_error === true,
        details: event.tool_use_result,
      })
      this.tell({ type: "item.completed", item })
    }
  }

  #system(event: SystemEvent): void {
    if (event.subtype === "api_retry") {
      const status = event.error_status == null ? (event.error ?? "unknown") : String(event.error_status)
      const tries = `${event.attempt ?? 1} of ${event.max_retries ?? 1}`
      const message = `claude cannot reach its model (${status}) and tries again, ${tries}`
      this.tell({ type: "notice", message, tells: "trouble", error: retryErrorOf(event, message) })
    } else if (event.subtype === "compact_boundary") {
      const message = "claude has compacted the thread"
      this.tell({ type: "notice", message, tells: "progress", forgets: true })
    } else if (event.subtype === "thinking_tokens") this.#progress("the agent thinks")
  }

  /** With a schema: what claude has checked, or else its last words, which we check. */
  #answer(result: ResultEvent): void {
    const text =
      result.structured_output === undefined
        ? (result.result ?? "")
        : this.#structuredText(result.structured_output)
    if (text === "") return
    const item = messageItem(`${this.#messageId}/answer`, text, "completed", "final_answer")
    this.tell({ type: "item.completed", item })
  }

  /** As the model wrote it, where that is what claude took. */
  #structuredText(output: unknown): string {
    const { input, inputText } = this.#answerInput ?? {}
    return inputText !== undefined && isDeepStrictEqual(input, output) ? inputText : JSON.stringify(output)
  }

  /** What was streamed of the input of a tool; null: nothing. */
  #writtenInput({ id }: ContentBlock): string | null {
    const index = this.#writers.get(String(id))
    const written = index === undefined ? undefined : this.#writing.get(index)
    return written ?? null
  }

  /** claude tells each text that it takes: what is open is of a message that never ended. */
  #askedAgain(): void {
    this.#openTexts.askedAgain()
    for (const open of this.#open.values()) this.#broken.set(open.id, open)
    this.#open.clear()
  }

  /** Tells an event of the turn, also one that others have made of what claude said. */
  tell(event: TurnEvent): void {
    this.#openTexts.tell(event, (told) => {
      if (told.type === "item.withdrawn") this.#broken.delete(told.itemId)
      this.#options.push(told)
    })
  }

  #closeTexts(): void {
    for (const open of [...this.#broken.values(), ...this.#open.values()]) {
      this.tell({ type: "item.completed", item: this.#textItem(open, "incomplete") })
    }
    this.#broken.clear()
    this.#open.clear()
  }

  #textItem({ id, type, text }: OpenText, status: Item["status"]): Item {
    const told = status === "in_progress" ? null : text
    if (type === "thinking") return reasoningItem(id, told, status)
    return messageItem(id, told, status, this.#options.hasSchema ? "commentary" : null)
  }

  #native(role: "assistant" | "user", content: readonly ContentBlock[]): void {
    if (content.length > 0) this.tell({ type: "native.item", item: { role, content } })
  }

  #progress(message: string): void {
    const now = performance.now()
    if (now - this.#lastProgress < progressEveryMs) return
    this.#lastProgress = now
    this.tell({ type: "notice", message, tells: "progress" })
  }
}

/** claude counts what came from a cache beside the input, we count it inside. */
function usageOf(native: NativeUsage): Usage {
  const cached = native.cache_read_input_tokens ?? 0
  return {
    inputTokens: (native.input_tokens ?? 0) + (native.cache_creation_input_tokens ?? 0) + cached,
    cachedInputTokens: cached,
    outputTokens: native.output_tokens ?? 0,
    reasoningTokens: 0,
  }
}
