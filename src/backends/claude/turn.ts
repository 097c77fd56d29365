import { randomUUID } from "node:crypto"
import { ProxyError, type TurnError } from "../../domain/errors.ts"
import type { ContentPart, MessageItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { ToolCall } from "../../domain/tool-endpoint.ts"
import type { TurnEvent } from "../../domain/turn-events.ts"
import type { Usage } from "../../domain/usage.ts"
import type { HandedChannel } from "../kit/functions/handed-functions.ts"
import type { CliExit } from "../kit/process/exit-reason.ts"
import { endProcessTree, membersOf, quickSteps, snapshot, startedAtOf } from "../kit/process/process-tree.ts"
import { backendError, CliTurn } from "../kit/turn/cli-turn.ts"
import { ClientCalls } from "./client-calls.ts"
import { claudeErrorOf, cutOfResult, hookErrorOf, isNotLoggedIn } from "./errors.ts"
import { userMessage } from "./history-messages.ts"
import { inputBlocks } from "./input-blocks.ts"
import { callLimitMs } from "./installed.ts"
import type { ClaudeProcess } from "./program.ts"
import type { ClaudeEvent, ResultEvent } from "./protocol.ts"
import { answerTool, ClaudeTurnReader } from "./reader.ts"

/** claude gives a call up after its limit; the client's answer has to come before. */
const holdMs = callLimitMs - 60_000

interface ClaudeTurnOptions {
  readonly hasSchema: boolean
  readonly interruptMs: number
  readonly log: Log
  /** The log-in is gone. */
  readonly onLoggedOut: () => void
}

/** One turn, from the request to its last event: who it is, how it is interrupted, how it ends. */
export class ClaudeTurn extends CliTurn {
  /** Also claude's id of the user's message. */
  readonly ref = randomUUID()
  readonly #options: ClaudeTurnOptions
  readonly #calls: ClientCalls
  readonly #reader: ClaudeTurnReader
  #process: ClaudeProcess | null = null
  /** Of the client; null: there are none. */
  #functions: HandedChannel | null = null
  /** claude has begun the turn: before that an interrupt would hit nothing. */
  #isBegun = false
  /** The result is in. */
  #isEnding = false
  #last: TurnEvent | null = null
  readonly #ended = Promise.withResolvers<void>()

  constructor(options: ClaudeTurnOptions) {
    super()
    this.#options = options
    this.#calls = new ClientCalls(
      (items) => {
        for (const item of items) this.#reader.tell({ type: "function.called", item, holdMs })
      },
      (native) => this.#functions?.fromNative(native) ?? native,
    )
    this.#reader = new ClaudeTurnReader({
      push: (event) => this.push(event),
      calls: this.#calls,
      hasSchema: options.hasSchema,
      log: options.log,
    })
  }

  get usage(): Usage | null {
    return this.#reader.usage
  }

  get lastUuid(): string | null {
    return this.#reader.lastUuid
  }

  /** Resolves with the last event. Never rejects. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** How it ended; null: it runs. */
  get last(): TurnEvent | null {
    return this.#last
  }

  /** True once what claude says belongs to this turn no more. */
  get isRead(): boolean {
    return this.isOver || this.#isEnding
  }

  async answer(callId: string, output: readonly ContentPart[]): Promise<void> {
    if (this.isOver || !this.#calls.answer(callId, output)) {
      throw new ProxyError("backend_error", `No function call ${callId} is open`)
    }
  }

  /** claude holds what it is told until the calls that run have their outputs. */
  async addMessages(messages: readonly MessageItem[]): Promise<void> {
    if (messages.length === 0) return
    const content = inputBlocks(messages)
    if (this.isRead || this.#process === null) throw new ProxyError("backend_error", "No turn runs")
    const process = this.#process
    process.send(userMessage(content, randomUUID()))
    try {
      // Its input is read in order: when this is answered it has the message. Later it would be a
      // turn of its own.
      await process.request("mcp_status", this.#options.interruptMs)
    } catch (error) {
      void process.end()
      throw error
    }
  }

  async interrupt(): Promise<void> {
    if (this.stopFor("interrupted")) {
      if (this.#process === null) this.endStopped()
      else if (this.#isBegun) this.#sendInterrupt()
      // claude may not come to it at all.
      else this.#endProcessAfter(this.#options.interruptMs)
    }
    if (this.#process !== null) await this.settled
  }

  /** Like `interrupt`, but the agent stops, and its processes are ended by others. */
  stop(): void {
    if (this.stopFor("agent_stopped") && this.#process === null) this.endStopped()
  }

  /** The turn is in the hands of claude from now on. */
  begin(process: ClaudeProcess, functions: HandedChannel | null): void {
    this.#process = process
    this.#functions = functions
    this.tellStarted(this.ref)
  }

  /** A function of the client is called over MCP. */
  requested(call: ToolCall): void {
    this.#calls.requested(call)
  }

  read(event: ClaudeEvent): void {
    if (this.isRead) return
    if (!this.#isBegun) {
      this.#isBegun = true
      if (this.stopReason !== null) this.#sendInterrupt()
    }
    const dropped = event.type === "system" && event.tools != null ? this.#droppedOf(event.tools) : null
    if (dropped !== null) {
      void this.#process?.end()
      this.fail(dropped)
    } else if (event.type === "result") void this.#completed(event)
    else this.#reader.read(event)
  }

  exited(process: ClaudeProcess, exit: CliExit): void {
    this.fail({ code: "backend_died", message: process.describe(exit), modelStatus: null })
  }

  /** What the model should be offered and is not: claude leaves out what it does not take. */
  #droppedOf(offered: readonly string[]): TurnError | null {
    const names = this.#functions?.nativeNames ?? []
    const missing = names.filter((native) => !offered.includes(ClientCalls.toolName(native)))
    const told = missing.map((native) => this.#functions?.fromNative(native) ?? native)
    const [functionName] = told
    if (functionName !== undefined) {
      const list = told.slice(0, 10).map((name) => `'${name}'`)
      const what = `the function${told.length === 1 ? "" : "s"} ${list.join(", ")}`
      return { ...notTaken(what), functionName }
    }
    const lacksAnswer = this.#options.hasSchema && !offered.includes(answerTool)
    return lacksAnswer ? notTaken("the JSON Schema of the answer") : null
  }

  async #completed(result: ResultEvent): Promise<void> {
    this.#isEnding = true
    this.#reader.finish(result)
    if (isNotLoggedIn(result)) this.#options.onLoggedOut()
    if (this.stopReason !== null && this.#process !== null) await endCommands(this.#process.pid)
    this.end(this.stopped() ?? this.#endOf(result))
  }

  #endOf(result: ResultEvent): TurnEvent {
    const { usage } = this
    const { told, stopReason, hasShown } = this.#reader
    const cut = cutOfResult(result, stopReason)
    if (cut !== null) return { type: "turn.completed", usage, cut }
    const error = result.is_error === true ? claudeErrorOf(result, told) : hookErrorOf(result, hasShown)
    return error === null ? { type: "turn.completed", usage } : { type: "turn.failed", error, usage }
  }

  #sendInterrupt(): void {
    const process = this.#process
    const { interruptMs, log } = this.#options
    this.#endProcessAfter(interruptMs)
    process?.request("interrupt", interruptMs).catch((error: unknown) => {
      log("debug", "claude did not take an interrupt", { reason: String(error) })
    })
  }

  #endProcessAfter(ms: number): void {
    this.graceFor(ms, () => void this.#process?.end())
  }

  protected override finish(last: TurnEvent): undefined {
    if (!this.#isEnding) this.#reader.finish(null)
    this.#calls.drop()
    this.#last = last
  }

  protected override afterEnd(): void {
    this.#ended.resolve()
  }
}

function notTaken(what: string): TurnError {
  return backendError(`claude does not take ${what}, so its model was not asked`)
}

/**
 * Ends the shell commands of a claude that lives on. After an interrupt it ends them itself, but
 * says that the turn is over before they are gone. Each command leads a group of its own; what is
 * in claude's group (servers of MCP) stays.
 */
async function endCommands(pid: number): Promise<void> {
  const rows = await snapshot()
  const leaders = membersOf(rows, { pid, hasExited: () => false }).filter(
    (row) => row.groupId !== pid && row.groupId === row.pid,
  )
  await Promise.all(
    leaders.map((leader) => {
      const hasExited = () => process.platform === "linux" && startedAtOf(leader.pid) !== leader.startedAt
      return endProcessTree({ pid: leader.pid, hasExited }, quickSteps)
    }),
  )
}
