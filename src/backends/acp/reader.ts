import { randomUUID } from "node:crypto"
import type { TurnEvent } from "../../domain/turn-events.ts"
import { addUsage, noUsage, type Usage, usageSince } from "../../domain/usage.ts"
import { messageItem, OpenTexts, reasoningItem } from "../kit/turn/texts.ts"
import { commandOf, itemOfTool, mergedUpdate } from "./items.ts"
import type { PromptResult, SessionUpdate, ToldUsage, ToolUpdate } from "./protocol.ts"

interface AcpTurnReaderOptions {
  readonly push: (event: TurnEvent) => void
  /** Names the program's own tools. */
  readonly server: string
  readonly cwd: string
  /** A tool call that is one of the client's functions: it is told another way. */
  readonly isClientCall: (tool: ToolUpdate) => boolean
  /** An answer that begins with `Error:` is held back until it is known whether it is one. */
  readonly holdsErrors: boolean
  /** See `AcpCli.saysInfos`. */
  readonly takesInfos: boolean
}

interface OpenText {
  readonly kind: "message" | "thought"
  readonly id: string
  readonly messageId: string | null
  text: string
  /** Nothing of it was told yet. */
  isHeld: boolean
}

const errorStart = "Error: "

/** Turns the updates of one prompt, which are given to it in order, into our events. */
export class AcpTurnReader {
  readonly #options: AcpTurnReaderOptions
  readonly #tools = new Map<string, { told: ToolUpdate; isStarted: boolean }>()
  readonly #ended = new Set<string>()
  readonly #openTexts = new OpenTexts()
  #open: OpenText | null = null
  #hasShown = false
  #usage: Usage | null = null

  constructor(options: AcpTurnReaderOptions) {
    this.#options = options
  }

  /** True once the program has shown anything of the turn. */
  get hasShown(): boolean {
    return this.#hasShown
  }

  /** The tokens of all model requests that were told with their words; null: none was. */
  get usage(): Usage | null {
    return this.#usage
  }

  /** The answer so far, if it is one that began with `Error:` and was not told yet. */
  get heldText(): string | null {
    return this.#open?.isHeld === true && this.#open.text.startsWith(errorStart) ? this.#open.text : null
  }

  /** An event that is not read here. */
  tell(event: TurnEvent): void {
    this.#openTexts.tell(event, this.#options.push)
  }

  /** The program asks its model again: what comes now begins the answer anew. */
  askedAgain(): void {
    if (this.#open?.isHeld === true) this.#tellHeld(this.#open)
    this.#open = null
    this.#openTexts.askedAgain()
  }

  read(update: SessionUpdate): void {
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
        this.#count(update._meta?.usage)
        if (this.#options.takesInfos && isRemark("Info", update.content.text)) {
          this.#notice(update.content.text ?? "")
          break
        }
        // Also behind the beginning of an answer that was cut off.
        if (this.#options.takesInfos && isRemark("Error", update.content.text)) this.#closeText()
        this.#text("message", update.content.text ?? "", update.messageId ?? null)
        break
      case "agent_thought_chunk":
        this.#text("thought", update.content.text ?? "", null)
        break
      case "tool_call":
      case "tool_call_update":
        this.#tool(update)
        break
      case "user_message_chunk":
        // An echo of the prompt.
        break
    }
  }

  /** Completes what is open as far as it came; `isFailed`: the held text is the turn's error. */
  finish(isFailed: boolean): void {
    if (isFailed && this.#open?.isHeld === true) this.#open = null
    this.#closeText()
    for (const [id, { told, isStarted }] of this.#tools) {
      if (isStarted && !this.#ended.has(id)) this.#complete(told, "incomplete")
    }
    this.#tools.clear()
  }

  #count(told: ToldUsage | null | undefined): void {
    if (told == null) return
    const usage = usageOfTold(told)
    this.#usage = addUsage(this.#usage ?? noUsage, usage)
  }

  #notice(message: string): void {
    const isRetry = /retrying/i.test(message)
    if (isRetry) this.askedAgain()
    this.tell({ type: "notice", message, tells: isRetry ? "trouble" : "nothing" })
  }

  #text(kind: OpenText["kind"], text: string, messageId: string | null): void {
    if (text === "") return
    const isOther = this.#open?.kind !== kind || (messageId !== null && this.#open.messageId !== messageId)
    if (isOther) {
      this.#closeText()
      const isHeld = kind === "message" && this.#options.holdsErrors
      this.#open = { kind, id: `acp_${randomUUID()}`, messageId, text: "", isHeld }
      if (!isHeld) this.#start(this.#open)
    }
    const open = this.#open
    if (open === null) return
    open.text += text
    if (open.isHeld) this.#release(open)
    else this.#delta(open, text)
  }

  /** Tells what was held back, once it cannot begin with `Error:` any more. */
  #release(open: OpenText): void {
    const head = open.text.slice(0, errorStart.length)
    if (errorStart.startsWith(head)) return
    this.#tellHeld(open)
  }

  #tellHeld(open: OpenText): void {
    open.isHeld = false
    this.#start(open)
    this.#delta(open, open.text)
  }

  #start(open: OpenText): void {
    this.#hasShown = true
    this.tell({ type: "item.started", item: itemOf[open.kind](open.id, null, "in_progress") })
  }

  #delta({ id, kind }: OpenText, text: string): void {
    const channel = kind === "message" ? "text" : "summary"
    this.tell({ type: "item.delta", itemId: id, channel, index: 0, text })
  }

  #closeText(): void {
    const open = this.#open
    this.#open = null
    if (open === null) return
    if (open.isHeld) this.#tellHeld(open)
    this.tell({ type: "item.completed", item: itemOf[open.kind](open.id, open.text, "completed") })
  }

  #tool(update: ToolUpdate): void {
    const id = update.toolCallId
    if (this.#ended.has(id)) return
    const tool = this.#tools.get(id) ?? { told: update, isStarted: false }
    tool.told = mergedUpdate(this.#tools.get(id)?.told, update)
    this.#tools.set(id, tool)
    if (this.#options.isClientCall(tool.told)) return
    this.#closeText()
    this.#hasShown = true
    const { status } = tool.told
    if (status === "completed" || status === "failed") {
      this.#complete(tool.told, status)
    } else if (!tool.isStarted && isTold(tool.told)) {
      tool.isStarted = true
      this.tell({ type: "item.started", item: itemOfTool(tool.told, "in_progress", this.#options) })
    }
  }

  #complete(tool: ToolUpdate, status: "completed" | "failed" | "incomplete"): void {
    this.#ended.add(tool.toolCallId)
    this.tell({ type: "item.completed", item: itemOfTool(tool, status, this.#options) })
  }
}

/** A model's words come in small pieces; a program's own remark comes whole. */
function isRemark(word: "Info" | "Error", text: string | null | undefined): boolean {
  return new RegExp(`^${word}: \\S`).test(text ?? "")
}

/** What it does is known: some tell a name first, and the command or the file later. */
function isTold(tool: ToolUpdate): boolean {
  return tool.kind === "execute" ? commandOf(tool) !== null : tool.status === "in_progress"
}

const itemOf = { message: messageItem, thought: reasoningItem } as const

/** Tokens as the end of a prompt tells them; null: it tells none. */
export function usageOfPrompt(result: PromptResult): Usage | null {
  if (result.usage != null) return usageOfTold(result.usage)
  const quota = result._meta?.quota?.token_count
  if (quota == null) return null
  return { ...noUsage, inputTokens: quota.input_tokens ?? 0, outputTokens: quota.output_tokens ?? 0 }
}

function usageOfTold(told: ToldUsage): Usage {
  const cached = told.cachedReadTokens ?? 0
  const input = told.inputTokens ?? 0
  return {
    // Some count what came from the cache as part of the input, some beside it.
    inputTokens: input < cached ? input + cached : input,
    cachedInputTokens: cached,
    outputTokens: told.outputTokens ?? 0,
    reasoningTokens: told.thoughtTokens ?? 0,
  }
}

/** The usage of one turn out of a session's totals. A total that shrank began anew. */
export function usageInSession(before: Usage | null, total: Usage | null): Usage | null {
  if (before === null || total === null) return total
  return total.inputTokens < before.inputTokens ? total : usageSince(before, total)
}

export function isNothing(usage: Usage | null): boolean {
  return usage === null || usage.inputTokens + usage.outputTokens === 0
}
