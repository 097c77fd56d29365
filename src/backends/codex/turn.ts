import type { Turn } from "../../domain/backend.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import type { ContentPart, FunctionCallItem, MessageItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { AnswerCut, TurnError, TurnEvent } from "../../domain/turn-events.ts"
import type { Usage } from "../../domain/usage.ts"
import { proxyErrorOf } from "../kit/process/start-error.ts"
import type { RequestId } from "../kit/rpc/rpc-client.ts"
import { EventBatches } from "../kit/turn/event-batches.ts"
import { OpenCalls } from "../kit/turn/open-calls.ts"
import type { AppServer } from "./app-server.ts"
import { cutIn, refusal, turnErrorOf } from "./errors.ts"
import { injectedItem } from "./injected-items.ts"
import { accountResultSchema, emptyResultSchema, type NativeToolCall, type Notification } from "./protocol.ts"
import { TurnReader } from "./reader.ts"
import { rolloutItems, rolloutPosition } from "./rollout-items.ts"
import { injectChunks } from "./thread-requests.ts"
import type { LoadedThread } from "./threads.ts"

export interface CodexTurnOptions {
  readonly threadId: string
  readonly interruptMs: number
  readonly scriptHoldMs: number
  readonly log: Log
  /** `last` is out. `isStuck`: codex still runs the turn, as far as we know. */
  readonly onEnded: (turn: CodexTurn, last: TurnEvent, isStuck: boolean) => void
  /** It was stuck, and codex has ended it and its commands after all. */
  readonly onEndedLate: () => void
  /** See `turnErrorOf`. */
  readonly limitResetsAt: () => number | null
  /** A turn of this thread that is not ours. */
  readonly onForeignTurn: (turnId: string) => void
}

type Received =
  | { readonly type: "notification"; readonly notification: Notification }
  | { readonly type: "call"; readonly requestId: RequestId; readonly call: NativeToolCall }

/** One turn of one thread, from the request to its last event: who it is, how it is interrupted, how it ends. */
export class CodexTurn implements Turn {
  readonly threadId: string
  readonly #options: CodexTurnOptions
  readonly #events = new EventBatches<TurnEvent>()
  readonly #calls = new OpenCalls<RequestId>((items) => {
    for (const item of items) {
      const holdMs = isScriptCall(item) ? this.#options.scriptHoldMs : null
      const written = this.#reader.writtenArguments(item.callId)
      this.#reader.tell({
        type: "function.called",
        item: written === null ? item : { ...item, arguments: written },
        holdMs,
      })
    }
  })
  readonly #reader: TurnReader
  /** What came before the answer of `turn/start`: only that tells which turn is ours. */
  #held: Received[] = []
  #server: AppServer | null = null
  #thread: LoadedThread | null = null
  #rolloutStart = 0
  #turnId: string | null = null
  #isInterrupting = false
  #cut: AnswerCut | null = null
  #isEnding = false
  #isGivenUp = false
  #interruptTimer: NodeJS.Timeout | null = null

  constructor(options: CodexTurnOptions) {
    this.threadId = options.threadId
    this.#options = options
    this.#reader = new TurnReader({
      push: (event) => this.#events.push(event),
      calls: this.#calls,
      thread: () => this.#thread,
      isClientFunction: (name) => this.#thread?.names.has(name) === true,
      onCut: (cut) => this.#cutOff(cut),
      log: options.log,
    })
  }

  get events(): AsyncIterable<readonly TurnEvent[]> {
    return this.#events
  }

  get server(): AppServer | null {
    return this.#server
  }

  get usage(): Usage | null {
    return this.#reader.usage
  }

  get isInterrupting(): boolean {
    return this.#isInterrupting
  }

  /** To be called before `turn/start` is sent: what the thread sends from then on may be ours. */
  async prepare(server: AppServer, thread: LoadedThread): Promise<void> {
    if (!thread.hasRawEvents && thread.rolloutFile !== null) {
      this.#rolloutStart = await rolloutPosition(thread.rolloutFile)
    }
    await thread.commands.turnBegins()
    this.#server = server
    this.#thread = thread
  }

  /** `turn/start` was answered. */
  started(turnId: string): void {
    if (this.#isEnding) {
      // We gave up before codex answered: this turn is now one that nobody wants.
      this.#options.onForeignTurn(turnId)
      return
    }
    this.#turnId = turnId
    this.#events.push({ type: "turn.started", turnRef: turnId })
    const held = this.#held
    this.#held = []
    for (const received of held) this.#handle(received)
    if (this.#isInterrupting) this.#sendInterrupt()
  }

  notified(notification: Notification): void {
    this.#receive({ type: "notification", notification })
  }

  called(requestId: RequestId, call: NativeToolCall): void {
    this.#receive({ type: "call", requestId, call })
  }

  /** Ends the turn from our side; as interrupted, if that was asked for. */
  fail(error: TurnError): void {
    const usage = this.#reader.usage
    if (this.#isInterrupting) this.#end({ type: "turn.interrupted", usage }, false)
    else this.#end({ type: "turn.failed", error, usage }, false)
  }

  async answer(callId: string, output: readonly ContentPart[]): Promise<void> {
    const requestId = this.#calls.take(callId)
    if (requestId === null || this.#server === null) {
      throw new ProxyError("backend_error", `No call ${callId} is open in this turn`)
    }
    this.#server.respond(requestId, { contentItems: output.map(outputItem), success: true })
  }

  /** codex holds what is injected until the calls that run have their outputs. */
  async addMessages(messages: readonly MessageItem[]): Promise<void> {
    const thread = this.#thread
    if (this.#server === null || thread === null) throw new ProxyError("backend_error", "No turn runs")
    const items = messages.flatMap((message) => injectedItem(message, thread.names))
    try {
      for (const chunk of injectChunks(items)) {
        const params = { threadId: this.threadId, items: chunk }
        await this.#server.request("thread/inject_items", params, emptyResultSchema)
      }
    } catch (error) {
      throw proxyErrorOf(error)
    }
  }

  async interrupt(): Promise<void> {
    if (this.#isInterrupting || this.#isEnding) return
    this.#isInterrupting = true
    this.#interruptTimer = setTimeout(() => {
      this.#options.log("warn", "codex did not end an interrupted turn in time", { thread: this.threadId })
      this.#isGivenUp = true
      void this.#giveUp()
    }, this.#options.interruptMs)
    // Without an id nothing was sent, and whoever is about to send looks at `isInterrupting` first; or the answer is on
    // its way, and `started` goes on from here.
    if (this.#turnId !== null) this.#sendInterrupt()
    else this.#askForLife()
  }

  /** A codex that answers neither `turn/start` nor this is frozen: a request that is not answered in time replaces it. */
  #askForLife(): void {
    this.#server
      ?.request("account/read", {}, accountResultSchema, this.#options.interruptMs)
      .catch((error) => this.#options.log("debug", "no answer from codex", { reason: messageOf(error) }))
  }

  #sendInterrupt(): void {
    const params = { threadId: this.threadId, turnId: this.#turnId }
    this.#server
      ?.request("turn/interrupt", params, emptyResultSchema, this.#options.interruptMs)
      .then(() => (this.#isGivenUp ? this.#endLate() : undefined))
      // Refused when the turn has just ended; its `turn/completed` or the timer decides.
      .catch((error) => this.#options.log("debug", "interrupt refused", { reason: messageOf(error) }))
  }

  /** The interrupt is answered, though the turn was given up: nobody else would end its commands. */
  async #endLate(): Promise<void> {
    await this.#thread?.commands.endTurn()
    this.#options.onEndedLate()
  }

  #receive(received: Received): void {
    if (this.#server === null || this.#isEnding) return
    if (this.#turnId === null) this.#held.push(received)
    else this.#handle(received)
  }

  #handle(received: Received): void {
    if (received.type === "call") {
      this.#called(received.requestId, received.call)
      return
    }
    const { method, params } = received.notification
    if (method === "turn/started") {
      if (params.turn.id !== this.#turnId) this.#options.onForeignTurn(params.turn.id)
    } else if (method === "turn/completed") {
      if (params.turn.id === this.#turnId) this.#completed(params.turn)
    } else if (method === "warning" || ("turnId" in params && params.turnId === this.#turnId)) {
      this.#reader.read(received.notification)
    }
  }

  #called(requestId: RequestId, call: NativeToolCall): void {
    const name = this.#thread?.names.fromNative(call.tool) ?? null
    if (call.turnId !== this.#turnId || name === null) {
      this.#server?.respond(requestId, refusedCall(call.tool))
      return
    }
    this.#calls.arrived(requestId, {
      type: "function_call",
      id: call.callId,
      callId: call.callId,
      name,
      arguments: call.arguments == null ? "{}" : (call.argumentsText ?? JSON.stringify(call.arguments)),
      status: "completed",
    })
  }

  #completed(turn: Extract<Notification, { method: "turn/completed" }>["params"]["turn"]): void {
    const usage = this.#reader.usage
    switch (turn.status) {
      case "completed":
        this.#end(completed(this.#reader.wasRefused ? refusal : null, usage), false)
        break
      case "interrupted":
        void this.#endCommands()
        break
      default: {
        const cut = this.#cut ?? cutIn(turn.error?.message ?? "")
        const error = turnErrorOf(turn.error, this.#options.limitResetsAt())
        this.#end(cut === null ? { type: "turn.failed", error, usage } : completed(cut, usage), false)
      }
    }
  }

  /** codex would ask the model for the same again, which has said why it stops. */
  #cutOff(cut: AnswerCut): void {
    if (this.#cut !== null || this.#isInterrupting || this.#isEnding) return
    this.#cut = cut
    this.#sendInterrupt()
  }

  /**
   * An interrupted turn leaves its shell commands running as background terminals. They are ended before the last event,
   * so that after `turn.interrupted` nothing of it goes on; their items are completed meanwhile.
   */
  async #endCommands(): Promise<void> {
    this.#calls.drop()
    // codex has ended the turn: what follows has bounds of its own.
    if (this.#interruptTimer !== null) clearTimeout(this.#interruptTimer)
    try {
      await this.#thread?.commands.endTurn(this.#options.interruptMs)
    } catch (error) {
      this.#options.log("warn", "commands of an interrupted turn may still run", { reason: messageOf(error) })
    }
    const { usage } = this.#reader
    const isCut = this.#cut !== null && !this.#isInterrupting
    this.#end(isCut ? completed(this.#cut, usage) : { type: "turn.interrupted", usage }, false)
  }

  async #giveUp(): Promise<void> {
    await this.#thread?.commands.endProcesses()
    this.#end({ type: "turn.interrupted", usage: this.#reader.usage }, true)
  }

  #end(last: TurnEvent, isStuck: boolean): void {
    if (this.#isEnding) return
    this.#isEnding = true
    if (this.#interruptTimer !== null) clearTimeout(this.#interruptTimer)
    this.#calls.drop()
    this.#held = []
    void this.#readRollout().then((items) => {
      for (const item of items) this.#reader.nativeItem(item)
      if (last.type !== "turn.interrupted" && this.#server?.isAlive === true) this.#reader.leaveCommands()
      this.#events.close(last)
      this.#options.onEnded(this, last, isStuck)
    })
  }

  async #readRollout(): Promise<readonly unknown[]> {
    const file = this.#thread?.rolloutFile ?? null
    if (file === null || this.#thread?.hasRawEvents === true || this.#turnId === null) return []
    return rolloutItems(file, this.#rolloutStart, this.#turnId)
  }
}

function completed(cut: AnswerCut | null, usage: Usage | null): TurnEvent {
  return cut === null ? { type: "turn.completed", usage } : { type: "turn.completed", usage, cut }
}

/** Answer to a call of something that is no function of the client: the model reads it and goes on. */
export function refusedCall(tool: string): Readonly<Record<string, unknown>> {
  return { contentItems: [{ type: "inputText", text: `There is no function ${tool}.` }], success: false }
}

/** Calls that a script makes have ids of this form, which appear in none of the model's items. */
function isScriptCall(item: FunctionCallItem): boolean {
  return item.callId.startsWith("exec-")
}

function outputItem(part: ContentPart): Readonly<Record<string, unknown>> {
  return part.type === "text"
    ? { type: "inputText", text: part.text }
    : { type: "inputImage", imageUrl: part.url }
}
