import { z } from "zod"
import { messageOf } from "../../domain/errors.ts"
import type { CommandItem, Item, ReasoningItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { ReasoningKind } from "../../domain/response-events.ts"
import type { AnswerCut, TurnEvent } from "../../domain/turn-events.ts"
import { addUsage, noUsage, type Usage, usageSince } from "../../domain/usage.ts"
import type { RpcId } from "../kit/rpc/rpc-client.ts"
import type { OpenCalls } from "../kit/turn/open-calls.ts"
import { OpenTexts } from "../kit/turn/texts.ts"
import { codexErrorOf, cutIn } from "./errors.ts"
import { keptNativeItem, ShownTexts } from "./history-items.ts"
import { itemOf } from "./items.ts"
import type { LoadedThread } from "./loaded-thread.ts"
import { type NativeItem, type NativeTurnError, type Notification, usageOf } from "./protocol.ts"

interface TurnReaderOptions {
  readonly push: (event: TurnEvent) => void
  readonly calls: OpenCalls<RpcId>
  readonly isClientFunction: (nativeName: string) => boolean
  /** The model has stopped by itself before its answer was whole, and codex asks it again. */
  readonly onCut: (cut: AnswerCut) => void
  /** The thread that it runs in. */
  readonly thread: () => Pick<LoadedThread, "totalUsage" | "commands" | "hasForgotten"> | null
  readonly log: Log
}

type ToldTokens = Extract<Notification, { method: "thread/tokenUsage/updated" }>["params"]["tokenUsage"]

/** Turns the notifications of one turn, which are given to it in order, into our events. */
export class CodexTurnReader {
  readonly #options: TurnReaderOptions
  readonly #openTexts = new OpenTexts()
  /** Its beginning was told, and not its end. */
  #openMessage: string | null = null
  readonly #shownTexts = new ShownTexts()
  readonly #reasoning = new ReasoningItems()
  readonly #writtenArguments = new Map<string, string>()
  /** Commands that were told as started only. */
  readonly #openCommands = new Map<string, CommandItem>()
  /** From raw events, which come with each answer, but only in threads of this process. */
  #rawUsage: Usage | null = null
  /** Told in every thread, but not before the calls of the client's functions are answered. */
  #toldUsage: Usage | null = null
  #hasAnswered = false

  constructor(options: TurnReaderOptions) {
    this.#options = options
  }

  /** Sum over the model requests of the turn so far. */
  get usage(): Usage | null {
    if (this.#rawUsage === null || this.#toldUsage === null) return this.#rawUsage ?? this.#toldUsage
    return totalOf(this.#rawUsage) > totalOf(this.#toldUsage) ? this.#rawUsage : this.#toldUsage
  }

  /** Its last message never ended, though no request broke off: so codex shows a refusal. */
  get wasRefused(): boolean {
    return this.#openMessage !== null
  }

  /** Tells an event of the turn, also one that is not read here. */
  tell(event: TurnEvent): void {
    this.#openTexts.tell(event, this.#options.push)
  }

  read(notification: Notification): void {
    switch (notification.method) {
      case "item/agentMessage/delta": {
        const { itemId, delta } = notification.params
        this.tell({ type: "item.delta", itemId, channel: "text", index: 0, text: delta })
        break
      }
      case "item/reasoning/summaryTextDelta": {
        const { itemId, delta, summaryIndex } = notification.params
        this.#reasoned("summary", itemId, summaryIndex, delta)
        break
      }
      case "item/reasoning/textDelta": {
        const { itemId, delta, contentIndex } = notification.params
        this.#reasoned("reasoning", itemId, contentIndex, delta)
        break
      }
      case "item/started":
        this.#item(notification.params.item, false)
        break
      case "item/completed":
        this.#item(notification.params.item, true)
        break
      case "rawResponseItem/completed":
        this.nativeItem(notification.params.item)
        break
      case "rawResponse/completed": {
        const { usage } = notification.params
        if (usage != null) this.#rawUsage = addUsage(this.#rawUsage ?? noUsage, usageOf(usage))
        this.#options.calls.answerCompleted()
        break
      }
      case "thread/tokenUsage/updated":
        this.#countTotal(notification.params.tokenUsage)
        break
      case "error":
        // Without a retry it is repeated in `turn/completed`.
        if (notification.params.willRetry) this.#askedAgain(notification.params.error)
        break
      case "warning":
        this.#notice(notification.params.message)
        break
      case "model/rerouted":
        this.#notice(`${notification.params.fromModel} was replaced by ${notification.params.toModel}`)
        break
      default:
        // The turn itself and the process are not read here.
        break
    }
  }

  /** What was begun is asked for anew. */
  #askedAgain(error: NativeTurnError): void {
    const { message, additionalDetails } = error
    this.#openMessage = null
    this.#openTexts.askedAgain()
    const cut = cutIn(`${message} ${additionalDetails ?? ""}`)
    if (cut !== null) this.#options.onCut(cut)
    this.tell({
      type: "notice",
      message: additionalDetails == null ? message : `${message} (${additionalDetails})`,
      tells: "trouble",
      error: codexErrorOf(error),
    })
  }

  /**
   * codex repeats the `last` of the request before at an interrupt, a steer and a compaction, also
   * under a new turn's id: only what the total of the thread has grown by was used. Of a thread
   * that was resumed or forked the total is not known at first: as long as its model has answered
   * nothing in this turn, what is told is such a repeat.
   */
  #countTotal({ last, total }: ToldTokens): void {
    const thread = this.#options.thread()
    const before = thread?.totalUsage ?? null
    const now = total == null ? null : usageOf(total)
    const isKnown = now !== null && before !== null
    const used = isKnown ? usageSince(before, now) : now === null || this.#hasAnswered ? usageOf(last) : null
    if (thread !== null && now !== null) thread.totalUsage = now
    if (used !== null && totalOf(used) > 0) this.#toldUsage = addUsage(this.#toldUsage ?? noUsage, used)
  }

  /** A raw item, from an event or from the rollout file. */
  nativeItem(raw: unknown): void {
    const item = keptNativeItem(raw)
    if (item === null) return
    this.tell({ type: "native.item", item: this.#shownTexts.withoutShown(item) })
    const { type, name, call_id: callId, arguments: written } = item
    this.#readOutput(item)
    const isCall = type === "function_call" && typeof name === "string" && typeof callId === "string"
    if (!isCall || !this.#options.isClientFunction(name)) return
    if (typeof written === "string" && written.trim() !== "") this.#writtenArguments.set(callId, written)
    this.#options.calls.announce(callId)
  }

  /** The arguments of a call to the letter; null: not told. Gives them out once. */
  writtenArguments(callId: string): string | null {
    const written = this.#writtenArguments.get(callId) ?? null
    this.#writtenArguments.delete(callId)
    return written
  }

  /**
   * The turn is over, and what is open now goes on without it. What codex has told the model of
   * such a command so far is its output; it has no exit code.
   */
  leaveCommands(): void {
    for (const item of this.#openCommands.values()) {
      this.tell({ type: "item.completed", item: { ...item, status: "completed" } })
    }
    this.#openCommands.clear()
  }

  #readOutput({ type, call_id: id, output }: Readonly<Record<string, unknown>>): void {
    const command = typeof id === "string" ? this.#openCommands.get(id) : undefined
    if (type !== "function_call_output" || command === undefined || typeof output !== "string") return
    const told = /^Output:\n([\s\S]*)$/m.exec(output)?.[1] ?? ""
    this.#openCommands.set(command.id, { ...command, output: told })
  }

  #reasoned(channel: ReasoningKind, nativeId: string, index: number, text: string): void {
    const itemId = this.#reasoning.idFor(nativeId, channel)
    this.tell({ type: "item.delta", itemId, channel, index, text })
  }

  #notice(message: string): void {
    this.tell({ type: "notice", message, tells: "nothing" })
  }

  #item(native: NativeItem, isDone: boolean): void {
    if (native.type === "contextCompaction" && isDone) {
      const thread = this.#options.thread()
      if (thread !== null) thread.hasForgotten = true
      this.tell({
        type: "notice",
        message: "codex summarised the conversation so far",
        tells: "progress",
        // Instructions and the user's texts are kept; telling the rest now would ask the model.
        forgets: true,
      })
      return
    }
    this.#hasAnswered ||= isAnswer(native, isDone)
    if (native.type === "agentMessage") this.#openMessage = isDone ? null : native.id
    if (native.type === "commandExecution") this.#command(native.id, isDone)
    try {
      for (const item of this.#itemsOf(native, isDone)) {
        if (item.type === "command" && !isDone) this.#openCommands.set(item.id, item)
        if (isDone) this.#shownTexts.told(item)
        this.tell({ type: isDone ? "item.completed" : "item.started", item })
      }
    } catch (error) {
      this.#options.log("warn", "codex sent an item of unexpected form", {
        type: native.type,
        reason: messageOf(error),
      })
    }
  }

  #itemsOf(native: NativeItem, isDone: boolean): readonly Item[] {
    if (native.type === "reasoning" && isDone) return this.#reasoning.completed(native)
    const item = itemOf(native, isDone)
    return item === null ? [] : [item]
  }

  #command(id: string, isDone: boolean): void {
    const commands = this.#options.thread()?.commands
    if (!isDone) {
      commands?.started(id)
      return
    }
    this.#openCommands.delete(id)
    commands?.completed(id)
  }
}

/** A model request has ended: a message may be cut, what the agent does may not. */
function isAnswer({ type }: NativeItem, isDone: boolean): boolean {
  if (type === "userMessage" || type === "contextCompaction") return false
  return isDone || (type !== "agentMessage" && type !== "reasoning")
}

function totalOf(usage: Usage): number {
  return usage.inputTokens + usage.outputTokens
}

const schema = z.object({
  id: z.string(),
  summary: z.array(z.string()).default([]),
  content: z.array(z.string()).default([]),
})

/** codex's item may hold summaries and the reasoning itself: for us these are two. */
class ReasoningItems {
  /** What was told first of each. */
  readonly #firsts = new Map<string, ReasoningKind>()

  /** Of the item that has such texts of codex's item. */
  idFor(id: string, kind: ReasoningKind): string {
    const first = this.#firsts.get(id) ?? kind
    this.#firsts.set(id, first)
    return first === kind ? id : `${id} ${kind}`
  }

  /** Once codex's item is completed. Throws a `ZodError` when that has another form. */
  completed(native: NativeItem): readonly ReasoningItem[] {
    const { id, summary, content } = schema.parse(native)
    const parts = [
      { kind: "summary", texts: summary },
      { kind: "reasoning", texts: content },
    ] as const
    const first =
      this.#firsts.get(id) ?? (summary.length === 0 && content.length > 0 ? "reasoning" : "summary")
    return parts
      .filter(({ kind, texts }) => kind === first || texts.length > 0)
      .map(({ kind, texts }) => ({
        type: "reasoning",
        id: this.idFor(id, kind),
        ...(kind === "reasoning" && { isRaw: true }),
        summary: texts,
        status: "completed",
      }))
  }
}
