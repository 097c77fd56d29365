import { randomUUID } from "node:crypto"
import type { Turn } from "../../domain/backend.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { ContentPart, FunctionCallItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { ToolCall } from "../../domain/tool-endpoint.ts"
import type { TurnError, TurnEvent } from "../../domain/turn-events.ts"
import type { Usage } from "../../domain/usage.ts"
import { EventBatches } from "../kit/turn/event-batches.ts"
import { isClientTool } from "./client-tool.ts"
import type { AcpCli } from "./clis.ts"
import type { AcpConnection } from "./connection.ts"
import { cutOf, isSessionLost, modelError, type Trouble, turnErrorOfPrompt } from "./errors.ts"
import type { PromptResult, SessionUpdate } from "./protocol.ts"
import { AcpTurnReader } from "./reader.ts"
import type { AcpSession } from "./threads.ts"
import { isNothing, usageOfPrompt, usageOfTurn } from "./usage.ts"

interface AcpTurnOptions {
  readonly cli: AcpCli
  readonly cwd: string
  readonly interruptMs: number
  readonly log: Log
  /** `last` is out. `isStuck`: the program still runs the prompt, as far as we know. */
  readonly onEnded: (turn: AcpTurn, last: TurnEvent, isStuck: boolean) => void
}

/** One prompt of one session, from its beginning to its last event. */
export class AcpTurn implements Turn {
  readonly ref = `acp_turn_${randomUUID()}`
  readonly #options: AcpTurnOptions
  readonly #events = new EventBatches<TurnEvent>()
  readonly #calls: ClientCalls
  readonly #reader: AcpTurnReader
  #connection: AcpConnection | null = null
  #session: AcpSession | null = null
  #usage: Usage | null = null
  #isInterrupting = false
  #isOver = false
  #interruptTimer: NodeJS.Timeout | null = null

  constructor(options: AcpTurnOptions) {
    this.#options = options
    const { cli, cwd } = options
    this.#calls = new ClientCalls((items) => {
      for (const item of items) this.#reader.tell({ type: "function.called", item, holdMs: cli.holdMs })
    })
    this.#reader = new AcpTurnReader({
      push: (event) => this.#events.push(event),
      server: cli.kind,
      cwd,
      isClientCall: (tool) => isClientTool(tool, this.#session?.channel?.nativeNames ?? []),
      holdsErrors: cli.saysErrors,
      takesInfos: cli.saysInfos === true,
    })
  }

  get events(): AsyncIterable<readonly TurnEvent[]> {
    return this.#events
  }

  get connection(): AcpConnection | null {
    return this.#connection
  }

  /** Known at the end only. */
  get usage(): Usage | null {
    return this.#usage
  }

  get isInterrupting(): boolean {
    return this.#isInterrupting
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The prompt is about to be sent: what the session tells from now on is ours. */
  begin(connection: AcpConnection, session: AcpSession): void {
    this.#connection = connection
    this.#session = session
    this.#events.push({ type: "turn.started", turnRef: this.ref })
  }

  /** Before `begin` it is about something else: gemini tells a change of its mode as a message. */
  updated(update: SessionUpdate): void {
    if (!this.#isOver && this.#session !== null) this.#reader.read(update)
  }

  /** The program says beside the protocol that it cannot go on for now. */
  troubled({ message, reason }: Trouble): void {
    if (this.#isOver || this.#session === null) return
    const error = modelError(reason, null, this.#options.cli)
    this.#reader.askedAgain()
    this.#events.push({ type: "notice", message, tells: "trouble", error })
  }

  called(call: ToolCall): void {
    if (this.#isOver || this.#isInterrupting) {
      call.answer([{ type: "text", text: "The turn is over." }], true)
    } else this.#calls.requested(call)
  }

  /** The prompt was answered. */
  ended(result: PromptResult): void {
    const session = this.#session
    if (this.#isOver || session === null) return
    const { cli } = this.#options
    const told = usageOfPrompt(result) ?? (cli.usageIsTotal ? null : this.#reader.usage)
    const usage = cli.usageIsTotal ? usageOfTurn(session.total, told) : told
    if (cli.usageIsTotal) session.total = told ?? session.total
    this.#usage = usage
    if (this.#isInterrupting) this.#end({ type: "turn.interrupted", usage })
    else {
      const error = this.#errorOf(result, usage)
      const cut = cutOf(result.stopReason)
      if (error === null) this.#end({ type: "turn.completed", usage, ...(cut !== undefined && { cut }) })
      else this.#end({ type: "turn.failed", error, usage })
    }
  }

  /** The prompt was refused, or never sent. */
  rejected(error: unknown): void {
    const told = turnErrorOfPrompt(error, this.#options.cli)
    const isLost = !this.#reader.hasShown && isSessionLost(error)
    this.fail(isLost ? { ...told, code: "thread_lost" } : told)
  }

  /** Ends the turn from our side; as interrupted, if that was asked for. */
  fail(error: TurnError): void {
    if (this.#isInterrupting) this.#end({ type: "turn.interrupted", usage: this.#usage })
    else this.#end({ type: "turn.failed", error, usage: this.#usage })
  }

  async answer(callId: string, output: readonly ContentPart[]): Promise<void> {
    if (!this.#calls.answer(callId, output)) {
      throw new ProxyError("backend_error", `No call ${callId} is open in this turn`)
    }
  }

  async interrupt(): Promise<void> {
    if (this.#isInterrupting || this.#isOver) return
    this.#isInterrupting = true
    this.#interruptTimer = setTimeout(() => {
      this.#options.log("warn", `${this.#options.cli.kind} did not end an interrupted turn in time`)
      this.#end({ type: "turn.interrupted", usage: this.#usage }, true)
    }, this.#options.interruptMs)
    this.cancel()
    this.#calls.drop()
  }

  /** Tells the program. Before `begin` nothing was sent, and whoever is about to send looks at the turn first. */
  cancel(): void {
    if (!this.#isOver) this.#connection?.notify("session/cancel", { sessionId: this.#session?.id })
  }

  /** An end that is none: programs tell errors of the model as an answer, or say nothing at all. */
  #errorOf({ stopReason }: PromptResult, usage: Usage | null): TurnError | null {
    const { cli } = this.#options
    const held = this.#reader.heldText
    if (held !== null && isNothing(usage)) return modelError(held, null, cli)
    if (stopReason === "cancelled") return failure(`${cli.kind} cancelled the turn by itself`)
    if (stopReason === "max_turn_requests") {
      return failure(
        `${cli.kind} stopped: ${cli.requestLimitWords ?? "its limit of model requests in one turn is reached"}`,
      )
    }
    if (this.#reader.hasShown || !isNothing(usage) || cutOf(stopReason) !== undefined) return null
    return modelError(`${cli.kind} ended the turn without an answer and without a reason`, null, cli)
  }

  #end(last: TurnEvent, isStuck = false): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#interruptTimer !== null) clearTimeout(this.#interruptTimer)
    this.#calls.drop()
    this.#reader.finish(last.type === "turn.failed")
    // A prompt that failed before anything was shown may not be in the session's history: it is told once more then.
    if (this.#session !== null && (last.type === "turn.completed" || this.#reader.hasShown)) {
      this.#session.preamble = null
    }
    this.#events.close(last)
    this.#options.onEnded(this, last, isStuck)
  }
}

function failure(message: string): TurnError {
  return { code: "backend_error", message, modelStatus: null }
}

/** Calls that a model makes at once come one by one, each as a request of its own. */
const gatherMs = 40

/** The functions of the client that the agent has called in one turn and that wait for their answers. */
class ClientCalls {
  readonly #release: (items: readonly FunctionCallItem[]) => void
  readonly #open = new Map<string, ToolCall>()
  #gathered: FunctionCallItem[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(release: (items: readonly FunctionCallItem[]) => void) {
    this.#release = release
  }

  requested(call: ToolCall): void {
    const { callId, name, signal } = call
    this.#open.set(callId, call)
    signal.addEventListener("abort", () => this.#open.delete(callId), { once: true })
    this.#gathered.push({
      type: "function_call",
      id: callId,
      callId,
      name,
      arguments: call.arguments,
      status: "completed",
    })
    this.#timer ??= setTimeout(() => this.#flush(), gatherMs)
  }

  /** False: no such call is open. */
  answer(callId: string, output: readonly ContentPart[]): boolean {
    const call = this.#open.get(callId)
    if (call === undefined) return false
    this.#open.delete(callId)
    call.answer(output)
    return true
  }

  /** The turn is over. */
  drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#gathered = []
    for (const call of this.#open.values()) call.answer([{ type: "text", text: "The turn is over." }], true)
    this.#open.clear()
  }

  #flush(): void {
    this.#timer = null
    const items = this.#gathered
    this.#gathered = []
    if (items.length > 0) this.#release(items)
  }
}
