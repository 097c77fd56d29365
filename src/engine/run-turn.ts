import type { FunctionTool, Turn, TurnInput } from "../domain/backend.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ResponseRecord, ResponseStatus } from "../domain/responses.ts"
import type { Store, TurnProgress } from "../domain/store.ts"
import type { TurnError, TurnEvent } from "../domain/turn-events.ts"
import type { Usage } from "../domain/usage.ts"
import type { Agent } from "./agent.ts"
import { Deadline } from "./deadline.ts"
import { historyHash } from "./history.ts"
import { type Ledger, LedgerWriter } from "./ledger.ts"
import { openNativeThread } from "./native-thread.ts"
import type { Plan } from "./plan.ts"
import { type RecordedItem, Recorder } from "./recorder.ts"
import { ResponseLog } from "./response-log.ts"
import type { QueuePlace } from "./turn-queue.ts"

export interface TurnSettings {
  readonly turnMs: number
  readonly silenceMs: number
  /** How long the CLI may take to confirm an interrupt before the turn is given up. */
  readonly interruptMs: number
  /** Texts of one turn, in UTF-16 units. */
  readonly maxCharacters: number
}

export interface RunningTurnOptions {
  readonly agent: Agent
  readonly plan: Plan
  readonly turnId: string
  /** As stored: status queued. */
  readonly record: ResponseRecord
  readonly input: Omit<TurnInput, "messages">
  readonly tools: readonly FunctionTool[]
  readonly place: QueuePlace
  readonly store: Store
  readonly ledger: Ledger
  readonly settings: TurnSettings
  readonly now: () => number
  readonly log: (message: string, fields: Record<string, unknown>) => void
}

interface Outcome {
  readonly status: Extract<ResponseStatus, "completed" | "failed" | "cancelled">
  readonly error: TurnError | null
  readonly usage: Usage | null
}

/** Why a turn is stopped from outside; all but `cancelled` are failures of that code. */
type StopCause = "cancelled" | "turn_timeout" | "backend_error" | "agent_stopped"

/** One turn on its way: from the queue through the backend into the log and the ledger. */
export class RunningTurn implements LiveResponse {
  readonly id: string
  readonly log = new ResponseLog()
  readonly finished: Promise<ResponseRecord>
  readonly #options: RunningTurnOptions
  readonly #recorder: Recorder
  readonly #writer: LedgerWriter
  readonly #cancelled: Promise<void>
  #cancel: () => void = () => {}
  #stopCause: { cause: StopCause; message: string } | null = null
  #turn: Turn | null = null
  /** Not stored yet: they go with the next save, nobody needs them earlier. */
  #nativeItems: { readonly position: number; readonly item: unknown }[] = []
  #nativeTurnRef: string | null = null
  #nativeItemCount = 0
  #record: ResponseRecord
  #historyHash: string | null = null

  constructor(options: RunningTurnOptions) {
    this.#options = options
    this.id = options.record.id
    this.#record = options.record
    this.#recorder = new Recorder(this.log)
    this.#writer = new LedgerWriter(options.ledger)
    this.#cancelled = new Promise((resolve) => {
      this.#cancel = resolve
    })
    this.log.append({ type: "created" })
    this.finished = this.#run()
  }

  get record(): ResponseRecord {
    return { ...this.#record, output: this.#recorder.output }
  }

  cancel(): void {
    this.#stop("cancelled", "The turn was cancelled.")
  }

  /** Like `cancel`, but the client did not want it: the service or the agent stops. */
  abandon(message: string): void {
    this.#stop("agent_stopped", message)
  }

  async #run(): Promise<ResponseRecord> {
    const { place, agent } = this.#options
    try {
      await Promise.race([place.turnToRun, this.#cancelled])
      const outcome = this.#stopCause === null ? await this.#runNow() : stopped(this.#stopCause, null)
      await this.#finish(outcome)
    } catch (error) {
      // Only the ledger can bring us here: the answer cannot be stored, so it is not claimed to be.
      this.#options.log("turn could not be stored", { response: this.id, error: messageOf(error) })
      this.#finishUnstored()
    } finally {
      agent.lastActiveAt = this.#options.now()
      place.leave()
    }
    return this.record
  }

  async #runNow(): Promise<Outcome> {
    const { agent, plan, settings } = this.#options
    agent.runningTurns += 1
    this.#record = { ...this.#record, status: "running" }
    this.log.append({ type: "in_progress" })
    this.#save({ status: "running" })
    const deadline = new Deadline(settings, (message) => this.#stop("turn_timeout", message))
    try {
      const outcome = await this.#attempt(deadline)
      // The thread vanished between its resumption and the turn: nothing was begun, and the ledger can seed a new one.
      return outcome.error?.code === "thread_lost" ? await this.#attempt(deadline) : outcome
    } catch (error) {
      return { status: "failed", error: turnErrorOf(error), usage: null }
    } finally {
      deadline.stop()
      agent.runningTurns -= 1
      agent.release(plan.thread.id)
    }
  }

  async #attempt(deadline: Deadline): Promise<Outcome> {
    const ref = await this.#openThread()
    if (this.#stopCause !== null) return stopped(this.#stopCause, null)
    return ref === null
      ? failed("backend_error", "The agent's thread could not be opened.")
      : this.#follow(ref, deadline)
  }

  /** Null: the turn was stopped meanwhile; a CLI that does not answer is not waited for. */
  async #openThread(): Promise<string | null> {
    const { agent, plan, tools, store, ledger } = this.#options
    const open = () => openNativeThread(agent, plan, tools, store)
    const opening = open().catch((error: unknown) => {
      // No turn was begun, so a CLI that died just now may be asked once more: it is started again.
      if (error instanceof ProxyError && error.code === "backend_died" && this.#stopCause === null)
        return open()
      throw error
    })
    const opened = await Promise.race([opening, this.#cancelled.then(() => null)])
    if (opened === null) {
      this.#discard(opening)
      return null
    }
    agent.occupy(plan.thread.id, opened.ref)
    if (opened.isNew) await ledger.setNativeThread(plan.thread.id, opened.ref)
    return opened.ref
  }

  /** Nobody wants the thread any more that is still being opened. */
  #discard(opening: Promise<{ readonly ref: string; readonly isNew: boolean }>): void {
    const { backend } = this.#options.agent
    opening
      .then(({ ref, isNew }) => (isNew ? backend.deleteThread(ref) : backend.closeThread(ref)))
      .catch((error: unknown) => {
        this.#options.log("a thread that was no longer wanted did not open", { error: messageOf(error) })
      })
  }

  async #follow(ref: string, deadline: Deadline): Promise<Outcome> {
    const { agent, plan, input, settings } = this.#options
    const turn = agent.backend.startTurn(ref, { ...input, messages: plan.added })
    this.#turn = turn
    // A cancel that came while the thread was opened has found no turn to interrupt.
    if (this.#stopCause !== null) void turn.interrupt()
    // A backend ends every turn that is interrupted; should one not, the client does not wait for it.
    const givenUp = this.#cancelled.then(() => delay(settings.interruptMs))
    let outcome: Outcome | null
    try {
      outcome = await Promise.race([this.#read(turn, deadline), givenUp.then(() => null)])
    } finally {
      if (plan.thread.isEphemeral) {
        agent.forget(plan.thread.id)
        void agent.backend.deleteThread(ref).catch((error: unknown) => {
          this.#options.log("deleting a thread failed", { error: messageOf(error) })
        })
      }
    }
    if (this.#stopCause !== null) return stopped(this.#stopCause, outcome?.usage ?? null)
    return outcome ?? failed("backend_error", "The agent's CLI ended the turn without a result.")
  }

  async #read(turn: Turn, deadline: Deadline): Promise<Outcome | null> {
    const { maxCharacters } = this.#options.settings
    for await (const batch of turn.events) {
      for (const event of batch) {
        const outcome = this.#take(event, deadline)
        if (outcome !== null) return outcome
      }
      if (this.#recorder.characters > maxCharacters) {
        this.#stop("backend_error", `The answer is longer than ${maxCharacters} characters.`)
      }
    }
    return null
  }

  /** Takes one event in; returns the outcome when it was the last. */
  #take(event: TurnEvent, deadline: Deadline): Outcome | null {
    switch (event.type) {
      case "turn.started":
        this.#nativeTurnRef = event.turnRef
        deadline.progress()
        return null
      case "native.item":
        this.#nativeItems.push({ position: this.#nativeItemCount, item: event.item })
        this.#nativeItemCount += 1
        return null
      case "notice":
        this.#options.log("agent notice", { response: this.id, notice: event.message.slice(0, 300) })
        if (event.isProgress) deadline.progress()
        return null
      case "turn.completed":
        return { status: "completed", error: null, usage: event.usage }
      case "turn.failed":
        return { status: "failed", error: event.error, usage: event.usage }
      case "turn.interrupted":
        return { ...failed("interrupted", "The agent's CLI interrupted the turn."), usage: event.usage }
      default: {
        const item = this.#recorder.record(event)
        if (item !== null) this.#saveItems([item])
        deadline.progress(this.#recorder.hasOpenWork)
        return null
      }
    }
  }

  #saveItems(items: readonly RecordedItem[]): void {
    const log = this.#recorder.hasOpenItems ? null : this.log.takeUnsaved()
    this.#save({ items, ...(log === null ? {} : { log }) })
  }

  #save(progress: Omit<TurnProgress, "responseId" | "turnId">): void {
    const nativeItems = this.#nativeItems
    this.#nativeItems = []
    this.#writer.save({
      responseId: this.id,
      turnId: this.#options.turnId,
      ...progress,
      ...(nativeItems.length === 0 ? {} : { nativeItems }),
      ...(this.#nativeTurnRef === null ? {} : { nativeTurnRef: this.#nativeTurnRef }),
    })
  }

  /** Stores the end, then tells it: a response is readable before its last event is sent. */
  async #finish(outcome: Outcome): Promise<void> {
    const { plan, now } = this.#options
    const items = this.#recorder.finish("incomplete")
    const completedAt = now()
    this.#record = { ...this.#record, ...outcome, completedAt }
    if (outcome.status !== "failed") {
      this.#historyHash = historyHash(plan.hashBefore, [...plan.added, ...this.#recorder.output])
    }
    const last = { type: outcome.status } as const
    const log = this.log.takeUnsaved(last)
    this.#save({
      items,
      status: outcome.status,
      completedAt,
      ...(log === null ? {} : { log }),
      ...(outcome.error === null ? {} : { error: outcome.error }),
      ...(outcome.usage === null ? {} : { usage: outcome.usage }),
      ...(this.#historyHash === null ? {} : { historyHash: this.#historyHash }),
    })
    await this.#writer.settled()
    this.log.append(last)
    this.log.close()
  }

  #finishUnstored(): void {
    const error: TurnError = {
      code: "internal_error",
      message: "The answer could not be stored.",
      modelStatus: null,
    }
    this.#record = { ...this.#record, status: "failed", error }
    this.log.append({ type: "failed" })
    this.log.close()
  }

  #stop(cause: StopCause, message: string): void {
    if (this.#stopCause !== null || this.log.isClosed) return
    this.#stopCause = { cause, message }
    this.#cancel()
    void this.#turn?.interrupt().catch((error: unknown) => {
      this.#options.log("interrupt failed", { response: this.id, error: messageOf(error) })
    })
  }
}

function stopped(stop: { cause: StopCause; message: string }, usage: Usage | null): Outcome {
  if (stop.cause === "cancelled") return { status: "cancelled", error: null, usage }
  return { ...failed(stop.cause, stop.message), usage }
}

function failed(code: string, message: string): Outcome {
  return { status: "failed", error: { code, message, modelStatus: null }, usage: null }
}

function turnErrorOf(error: unknown): TurnError {
  if (error instanceof ProxyError) return { code: error.code, message: error.message, modelStatus: null }
  return { code: "internal_error", message: messageOf(error), modelStatus: null }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
