import { open, stat } from "node:fs/promises"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import type { ContentPart, FunctionCallItem, MessageItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { AnswerCut, TurnEvent } from "../../domain/turn-events.ts"
import type { Usage } from "../../domain/usage.ts"
import { proxyErrorOf } from "../kit/process/start-error.ts"
import { fieldsIn } from "../kit/rpc/json-noise.ts"
import { anyResult, type RpcId } from "../kit/rpc/rpc-client.ts"
import { CliTurn } from "../kit/turn/cli-turn.ts"
import { callItem, OpenCalls } from "../kit/turn/open-calls.ts"
import { codexErrorOf, cutIn, refusal } from "./errors.ts"
import { injectedItem } from "./injected-items.ts"
import type { LoadedThread } from "./loaded-thread.ts"
import type { AppServer } from "./program.ts"
import { accountResultSchema, type NativeToolCall, type Notification } from "./protocol.ts"
import { CodexTurnReader } from "./reader.ts"
import { inject } from "./thread-requests.ts"

interface CodexTurnOptions {
  readonly threadId: string
  readonly interruptMs: number
  readonly scriptHoldMs: number
  readonly log: Log
  /** `last` is out. `isStuck`: codex still runs the turn, as far as we know. */
  readonly onEnded: (turn: CodexTurn, last: TurnEvent, isStuck: boolean) => void
  /** It was stuck, and codex has ended it and its commands after all. */
  readonly onEndedLate: () => void
  /** See `codexErrorOf`. */
  readonly limitResetsAt: () => number | null
  /** A turn of this thread that is not ours. */
  readonly onForeignTurn: (turnId: string) => void
}

type Received =
  | { readonly type: "notification"; readonly notification: Notification }
  | { readonly type: "call"; readonly requestId: RpcId; readonly call: NativeToolCall }

/** One turn of one thread, from the request to its last event. */
export class CodexTurn extends CliTurn {
  readonly threadId: string
  readonly #options: CodexTurnOptions
  readonly #calls = new OpenCalls<RpcId>((items) => {
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
  readonly #reader: CodexTurnReader
  /** What came before the answer of `turn/start`: only that tells which turn is ours. */
  #held: Received[] = []
  #server: AppServer | null = null
  #thread: LoadedThread | null = null
  #rolloutStart = 0
  #turnId: string | null = null
  #cut: AnswerCut | null = null
  #isGivenUp = false

  constructor(options: CodexTurnOptions) {
    super()
    this.threadId = options.threadId
    this.#options = options
    this.#reader = new CodexTurnReader({
      push: (event) => this.push(event),
      calls: this.#calls,
      thread: () => this.#thread,
      isClientFunction: (name) => this.#thread?.names.has(name) === true,
      onCut: (cut) => this.#cutOff(cut),
      log: options.log,
    })
  }

  get process(): AppServer | null {
    return this.#server
  }

  get usage(): Usage | null {
    return this.#reader.usage
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
    if (this.isOver) {
      // We gave up before codex answered: this turn is now one that nobody wants.
      this.#options.onForeignTurn(turnId)
      return
    }
    this.#turnId = turnId
    this.tellStarted(turnId)
    const held = this.#held
    this.#held = []
    for (const received of held) this.#handle(received)
    if (this.isInterrupting) this.#sendInterrupt()
  }

  notified(notification: Notification): void {
    this.#receive({ type: "notification", notification })
  }

  called(requestId: RpcId, call: NativeToolCall): void {
    this.#receive({ type: "call", requestId, call })
  }

  async answer(callId: string, output: readonly ContentPart[]): Promise<void> {
    const requestId = this.#calls.take(callId)
    if (requestId === null || this.#server === null) throw this.noSuchCall(callId)
    this.#server.rpc.respond(requestId, { contentItems: output.map(outputItem), success: true })
  }

  /** codex holds what is injected until the calls that run have their outputs. */
  async addMessages(messages: readonly MessageItem[]): Promise<void> {
    const thread = this.#thread
    if (this.#server === null || thread === null) throw new ProxyError("backend_error", "No turn runs")
    const items = messages.flatMap((message) => injectedItem(message, thread.names))
    try {
      await inject(this.#server, this.threadId, items)
    } catch (error) {
      throw proxyErrorOf(error)
    }
  }

  async interrupt(): Promise<void> {
    if (!this.stopFor("interrupted")) return
    this.graceFor(this.#options.interruptMs, () => {
      this.#options.log("warn", "codex did not end an interrupted turn in time", { thread: this.threadId })
      this.#isGivenUp = true
      void this.#giveUp()
    })
    // Without an id nothing was sent, and whoever is about to send looks at `isInterrupting` first;
    // or the answer is on its way, and `started` goes on from here.
    if (this.#turnId !== null) this.#sendInterrupt()
    else this.#askForLife()
  }

  /** A frozen codex answers neither `turn/start` nor this; it is replaced then. */
  #askForLife(): void {
    this.#server
      ?.request("account/read", {}, accountResultSchema, this.#options.interruptMs)
      .catch((error) => this.#options.log("debug", "no answer from codex", { reason: messageOf(error) }))
  }

  #sendInterrupt(): void {
    const params = { threadId: this.threadId, turnId: this.#turnId }
    this.#server
      ?.request("turn/interrupt", params, anyResult, this.#options.interruptMs)
      .then(() => (this.#isGivenUp ? this.#endLate() : undefined))
      // Refused when the turn has just ended; its `turn/completed` or the timer decides.
      .catch((error) => this.#options.log("debug", "interrupt refused", { reason: messageOf(error) }))
  }

  /** The interrupt is answered after the turn was given up: nobody else ends its commands. */
  async #endLate(): Promise<void> {
    await this.#thread?.commands.endTurn()
    this.#options.onEndedLate()
  }

  #receive(received: Received): void {
    if (this.#server === null || this.isOver) return
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

  #called(requestId: RpcId, call: NativeToolCall): void {
    const name = this.#thread?.names.fromNative(call.tool) ?? null
    if (call.turnId !== this.#turnId || name === null) {
      this.#server?.rpc.respond(requestId, refusedCall(call.tool))
      return
    }
    const args = call.arguments == null ? "{}" : (call.argumentsText ?? JSON.stringify(call.arguments))
    this.#calls.arrived(requestId, callItem(call.callId, name, args))
  }

  #completed(turn: Extract<Notification, { method: "turn/completed" }>["params"]["turn"]): void {
    const usage = this.#reader.usage
    switch (turn.status) {
      case "completed":
        this.complete(usage, this.#reader.wasRefused ? refusal : null)
        break
      case "interrupted":
        void this.#endCommands()
        break
      default: {
        const cut = this.#cut ?? cutIn(turn.error?.message ?? "")
        const error = codexErrorOf(turn.error, this.#options.limitResetsAt())
        if (cut === null) this.end({ type: "turn.failed", error, usage })
        else this.complete(usage, cut)
      }
    }
  }

  /** codex would ask the model for the same again, which has said why it stops. */
  #cutOff(cut: AnswerCut): void {
    if (this.#cut !== null || this.isInterrupting || this.isOver) return
    this.#cut = cut
    this.#sendInterrupt()
  }

  /**
   * An interrupted turn leaves its shell commands running as background terminals. They are ended
   * before the last event, so that after `turn.interrupted` nothing of it goes on; their items are
   * completed meanwhile.
   */
  async #endCommands(): Promise<void> {
    this.#calls.drop()
    // codex has ended the turn: what follows has bounds of its own.
    this.endGrace()
    try {
      await this.#thread?.commands.endTurn(this.#options.interruptMs)
    } catch (error) {
      this.#options.log("warn", "commands of an interrupted turn may still run", { reason: messageOf(error) })
    }
    const { usage } = this.#reader
    if (this.#cut !== null && !this.isInterrupting) this.complete(usage, this.#cut)
    else this.end({ type: "turn.interrupted", usage })
  }

  async #giveUp(): Promise<void> {
    await this.#thread?.commands.endProcesses()
    this.endStopped(true)
  }

  protected override async finish(last: TurnEvent): Promise<void> {
    this.#calls.drop()
    this.#held = []
    for (const item of await this.#readRollout()) this.#reader.nativeItem(item)
    if (last.type !== "turn.interrupted" && this.#server?.isAlive === true) this.#reader.leaveCommands()
  }

  protected override afterEnd(last: TurnEvent, isStuck: boolean): void {
    this.#options.onEnded(this, last, isStuck)
  }

  async #readRollout(): Promise<readonly unknown[]> {
    const file = this.#thread?.rolloutFile ?? null
    if (file === null || this.#thread?.hasRawEvents === true || this.#turnId === null) return []
    return rolloutItems(file, this.#rolloutStart, this.#turnId)
  }
}

/** Answer to a call of what is no function of the client: the model reads it and goes on. */
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

const maxBytes = 64 * 1024 * 1024

/** Where a turn begins in a rollout file: its size before the turn; 0 when there is none yet. */
async function rolloutPosition(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch {
    // codex writes the file with the first turn.
    return 0
  }
}

/**
 * The raw items of one turn out of the thread's rollout file, for threads that codex sends no raw
 * events for (it does so only for those begun in the same process, not for resumed and forked
 * ones). codex has written the file out before it says that the turn is over. Anything unexpected
 * gives fewer items, never an error: they are a better copy of what the turn's own items tell
 * already.
 */
async function rolloutItems(file: string, from: number, turnId: string): Promise<readonly unknown[]> {
  let text: string
  try {
    text = await readFrom(file, from)
  } catch {
    // Deleted or not readable; see above.
    return []
  }
  const items: unknown[] = []
  let isOurs = false
  for (const line of text.split("\n")) {
    const { type, payload } = parsed(line)
    if (type === "event_msg" && payload.type === "task_started") isOurs = payload.turn_id === turnId
    else if (type === "response_item" && isOurs) items.push(payload)
  }
  return items
}

async function readFrom(file: string, from: number): Promise<string> {
  const handle = await open(file, "r")
  try {
    const length = Math.min((await handle.stat()).size - from, maxBytes)
    if (length <= 0) return ""
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from)
    return buffer.toString("utf8", 0, bytesRead)
  } finally {
    await handle.close()
  }
}

function parsed(line: string): { readonly type: unknown; readonly payload: ReturnType<typeof fieldsIn> } {
  try {
    const { type, payload } = fieldsIn(JSON.parse(line))
    return { type, payload: fieldsIn(payload) }
  } catch {
    // The last line is empty, or cut off by a death in the middle of a write.
    return { type: null, payload: {} }
  }
}
