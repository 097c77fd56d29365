import { answerText } from "../../domain/answer-text.ts"
import type { FunctionTool, ThreadRef, TurnInput } from "../../domain/backend.ts"
import { messageOf } from "../../domain/errors.ts"
import type { Item } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import { hasFailed, type ResponseRecord } from "../../domain/responses.ts"
import type { CallingTurn, ServiceTools } from "../../domain/service-tools.ts"
import type { Store, TurnProgress } from "../../domain/store.ts"
import type { TurnError } from "../../domain/turn-events.ts"
import { turnMarks } from "../../domain/turn-marks.ts"
import type { SideRequest } from "../../domain/turn-request.ts"
import type { Agent } from "../agents/agent.ts"
import { usageOfCut } from "../answer/answer-limits.ts"
import type { AnswerRules } from "../answer/answer-rules.ts"
import { type Ledger, LedgerWriter } from "../log/ledger.ts"
import { type RecordedItem, Recorder } from "../log/recorder.ts"
import { ResponseLog } from "../log/response-log.ts"
import { firstEvents } from "../log/restored-responses.ts"
import type { UnstoredEnds } from "../log/unstored-ends.ts"
import type { Plan } from "../plan/plan.ts"
import { seenTextOf } from "../thread/turn-notes.ts"
import { Deadline } from "./deadline.ts"
import type { FunctionGate } from "./function-gate.ts"
import { NativeRun, type NativeRunOptions } from "./native-run.ts"
import {
  failed,
  failedBy,
  type Outcome,
  type StopCause,
  stopped,
  toldOutcome,
  unstoredError,
  wasNeverAsked,
  withoutEmptyAnswer,
} from "./outcome.ts"
import type { Parking } from "./parking.ts"
import type { QueuePlace } from "./turn-queue.ts"
import { endThread } from "./turn-thread.ts"

export interface TurnSettings {
  readonly turnMs: number
  readonly silenceMs: number
  readonly reconnectMs: number
  /** How long the CLI may take to confirm an interrupt before the turn is given up. */
  readonly interruptMs: number
  /** Texts of one turn, in UTF-16 units. */
  readonly maxCharacters: number
  /** How long a turn may wait for the outputs of its client's functions. */
  readonly parkMs: number
}

export interface RunningTurnOptions {
  readonly agent: Agent
  readonly plan: Plan
  readonly turnId: string
  /** As stored: status queued. */
  readonly record: ResponseRecord
  readonly input: Omit<TurnInput, "messages" | "outputSchema">
  readonly told: NativeRunOptions["told"]
  readonly tools: readonly FunctionTool[]
  readonly serviceTools: ServiceTools | null
  readonly calling: Omit<CallingTurn, "interrupted">
  readonly gate: FunctionGate
  readonly answer: AnswerRules
  readonly sideRequest: SideRequest | null
  readonly allowsParallelCalls: boolean
  readonly parking: Parking
  readonly place: QueuePlace
  /** The turn that this one goes on behind or branches from, where it is not finished yet. */
  readonly parent: LiveResponse | null
  /** What has to be there before it begins, besides. */
  readonly whenReady: Promise<unknown> | null
  readonly store: Store
  readonly ledger: Ledger
  readonly unstored: UnstoredEnds
  readonly settings: TurnSettings
  readonly now: () => number
  readonly log: Log
}

/** One turn on its way: from the queue through the backend into the log and the ledger. */
export class RunningTurn implements LiveResponse {
  readonly id: string
  readonly log = new ResponseLog()
  readonly finished: Promise<ResponseRecord>
  isUnattended = false
  readonly #options: RunningTurnOptions
  readonly #recorder: Recorder
  readonly #writer: LedgerWriter
  readonly #stopped: Promise<void>
  #whenStopped: () => void = () => {}
  #stopCause: StopCause | null = null
  #native: NativeRun | null = null
  /** Not stored yet: they go with the next save, nobody needs them earlier. */
  #nativeItems: unknown[] = []
  #nativeTurnRef: string | null = null
  #nativeItemCount = 0
  /** As the ledger has it: this is what is told. `output` is in `#toldItems`. */
  #told: ResponseRecord
  readonly #toldItems: Item[] = []
  #note: string | null | undefined = undefined
  #isLeft = false
  #hasBegun = false
  #isEnding = false
  #saidCount = 0

  constructor(options: RunningTurnOptions) {
    this.#options = options
    this.id = options.record.id
    this.#told = options.record
    this.#recorder = new Recorder(this.log, options.agent.backend.kind)
    // Nobody would be told any more of what its agent does.
    const onFailed = () => this.#stop({ code: "backend_error", message: "The answer could not be stored." })
    this.#writer = new LedgerWriter(options.ledger, onFailed)
    this.#stopped = new Promise((resolve) => {
      this.#whenStopped = resolve
    })
    for (const event of firstEvents(options.record)) this.log.append(event)
    this.finished = this.#run()
  }

  get turnId(): string {
    return this.#options.turnId
  }

  /** Null: it does not begin a conversation, or none that is kept. */
  get beginning(): Plan | null {
    const { plan } = this.#options
    return plan.before.all === null && !plan.thread.isEphemeral ? plan : null
  }

  get goesOnBehind(): LiveResponse | null {
    const { plan, parent } = this.#options
    return plan.thread.isMain ? null : parent
  }

  /** See `CallingTurn`. */
  get askedBy(): readonly string[] {
    return this.#options.calling.askedBy
  }

  /** As it is stored: what is told of a turn is the same after a restart of the service. */
  get record(): ResponseRecord {
    return { ...this.#told, output: this.#toldItems.filter((item) => item !== undefined) }
  }

  cancel(): void {
    this.#stop({ code: "cancelled", message: "The turn was cancelled." })
  }

  /** Like `cancel`, but the client did not want it: the service or the agent stops. */
  abandon(message: string): void {
    const advice = this.#hasBegun ? "" : " The agent had not begun with this answer: send the request again."
    this.#stop({ code: "agent_stopped", message: `${message}${advice}` })
  }

  /** See `Engine.say`. */
  async say(text: string, isFinal: boolean): Promise<boolean> {
    if (this.#native === null || this.#stopCause !== null || this.#isEnding) return false
    this.#saidCount += 1
    this.#native.say({
      type: "message",
      id: `said ${this.#saidCount}`,
      role: "assistant",
      content: [{ type: "text", text }],
      phase: isFinal ? "final_answer" : "commentary",
      status: "completed",
    })
    await this.#writer.settled()
    return true
  }

  /** The CLI's name of its thread; null until that is opened. */
  get nativeThread(): ThreadRef | null {
    return this.#native?.thread ?? null
  }

  /** Leaves a background turn that has not begun for the next run of the service; false: it has to be ended. */
  leave(): boolean {
    if (!this.#told.isBackground || this.#hasBegun || this.#stopCause !== null) return false
    this.#isLeft = true
    this.abandon("The service is stopping.")
    return true
  }

  async #run(): Promise<ResponseRecord> {
    const { place, agent, parent, whenReady } = this.#options
    try {
      await Promise.race([Promise.all([place.turnToRun, parent?.finished, whenReady]), this.#stopped])
      if (this.#isLeft) {
        this.log.close()
        return this.record
      }
      const outcome = this.#stopCause === null ? await this.#runNow() : stopped(this.#stopCause, null)
      await this.#finish(outcome)
    } catch (error) {
      // Only the ledger can bring us here: the answer cannot be stored, so it is not claimed to be.
      this.#options.log("error", "turn could not be stored", { response: this.id, error: messageOf(error) })
      await this.#finishUnstored(error)
    } finally {
      agent.lastActiveAt = this.#options.now()
      place.leave()
    }
    return this.record
  }

  async #runNow(): Promise<Outcome> {
    const { agent, plan, settings } = this.#options
    agent.runningTurns += 1
    this.#hasBegun = true
    const deadline = new Deadline(settings, (cause) => this.#stop(cause))
    let outcome: Outcome | null = null
    try {
      if (this.#told.status === "queued") await this.#storeBeginning()
      this.log.append({ type: "in_progress" })
      const run = new NativeRun({
        ...this.#options,
        recorder: this.#recorder,
        deadline,
        maxCharacters: settings.maxCharacters,
        parkMs: settings.parkMs,
        onRecorded: (item) => {
          if (item !== null) this.#saveItem(item)
          // Readers wait for what stands before it.
          else if (this.log.isHeld) this.#writer.writeSoon()
        },
        onNativeItem: (item) => this.#nativeItems.push(item),
        onNativeThread: (ref, opened) => this.#save({ nativeThread: { id: plan.thread.id, ref, ...opened } }),
        onTelling: async () => {
          this.#save({ note: "" })
          await this.#writer.settled()
        },
        stop: (cause) => this.#stop(cause),
        stopCause: () => this.#stopCause,
        whenStopped: this.#stopped,
      })
      this.#native = run
      // A backend ends every turn that is interrupted; should one not, the client does not wait for it.
      const givenUp = this.#stopped.then(() => delay(settings.interruptMs))
      outcome = await Promise.race([run.run(), givenUp.then(() => null)])
      if (outcome === null && this.#stopCause !== null) outcome = stopped(this.#stopCause, null)
      this.#nativeTurnRef = run.turnRef
      this.#note = run.note
    } catch (error) {
      this.#options.log("error", "a turn failed in the service itself", {
        response: this.id,
        error: messageOf(error),
      })
      outcome = failedBy(error, this.id)
    } finally {
      deadline.stop()
      agent.runningTurns -= 1
      if (outcome?.parked === undefined) endThread(agent, plan, this.#options.log)
    }
    return toldOutcome(outcome ?? failed("backend_error", "The agent's CLI ended the turn without a result."))
  }

  /** Until the ledger knows that it runs, a restart would run it again, or call it one that had not begun. */
  async #storeBeginning(): Promise<void> {
    this.#save({ status: "running" })
    await this.#writer.settled()
    this.#told = { ...this.#told, status: "running" }
  }

  /** The end of a message waits a little for the turn's own, which mostly follows: both are one transaction then. */
  #saveItem(item: RecordedItem): void {
    const log = this.#recorder.hasOpenTexts ? null : this.log.takeUnsaved()
    this.#save({ items: [item], ...(log === null ? {} : { log: [log] }) }, () => this.#tell([item]))
    if (item.item.type !== "message") this.#writer.writeSoon()
  }

  /** They are stored: readers may see how they ended. */
  #tell(items: readonly RecordedItem[]): void {
    for (const { outputIndex, item } of items) this.#toldItems[outputIndex] = item
    this.log.release(items.length)
  }

  #save(progress: Omit<TurnProgress, "responseId" | "turnId">, whenStored?: () => void): void {
    const first = this.#nativeItemCount
    const nativeItems = this.#nativeItems.map((item, index) => ({ position: first + index, item }))
    this.#nativeItemCount += nativeItems.length
    this.#nativeItems = []
    const saved: TurnProgress = {
      responseId: this.id,
      turnId: this.#options.turnId,
      ...progress,
      ...(nativeItems.length === 0 ? {} : { nativeItems }),
      ...(this.#nativeTurnRef === null ? {} : { nativeTurnRef: this.#nativeTurnRef }),
    }
    this.#writer.save(saved, whenStored)
  }

  /** Stores the end, then tells it: a response is readable before its last event is sent. */
  async #finish(ended: Outcome): Promise<void> {
    const { agent, plan, now } = this.#options
    this.#isEnding = true
    const items = this.#recorder.finish("incomplete")
    // One that was stopped is what its client, or the agent by another way, wanted it to be.
    const outcome = this.#stopCause === null ? withoutEmptyAnswer(ended, this.#recorder.output) : ended
    agent.turnEnded(outcome)
    const completedAt = now()
    const { status } = outcome
    const isCut = this.#hasBegun && this.#stopCause !== null
    const usage = isCut ? usageOfCut(outcome.usage, plan.added, this.#recorder.output) : outcome.usage
    const error = this.#withDoubt(outcome.error)
    this.#logEnd({ ...outcome, usage }, completedAt)
    // The CLI knows nothing of an answer that was given past it.
    const isReplied = this.#stopCause?.code === "replied"
    const { output } = this.#recorder
    const seenText = isReplied || hasFailed(status) ? answerText(output) : seenTextOf(output)
    const { principal, agentId } = this.#options.record
    const { stopTexts } = this.#options.answer
    const exchanged = [...plan.added, ...this.#recorder.shown]
    const marks = turnMarks({ principal, agentId }, plan, exchanged, hasFailed(status), stopTexts)
    const { parked } = outcome
    // Before the client hears of the calls, and may answer them.
    if (parked !== undefined) this.#options.parking.park(parked.turn, parked.limitMs)
    const last = { type: outcome.status } as const
    const log = this.log.takeUnsaved(last)
    const end: Omit<TurnProgress, "responseId" | "turnId"> = {
      items,
      status,
      completedAt,
      ...(log === null ? {} : { log: [log] }),
      ...(error === null ? {} : { error }),
      ...(usage === null ? {} : { usage }),
      marks,
      ...(seenText === null ? {} : { seenText }),
      ...(this.#note === undefined ? {} : { note: this.#note }),
      ...(!this.#hasBegun && this.#stopCause?.code === "agent_stopped" ? { freesIdempotencyKey: true } : {}),
    }
    this.#save(end, () => this.#tell(items))
    await this.#writer.settled()
    this.#close({ ...this.#told, status, error, usage, completedAt })
  }

  /** The one line that a log has of a turn. */
  #logEnd({ status, error, usage }: Outcome, at: number): void {
    const { agent, sideRequest } = this.#options
    this.#options.log(status === "failed" ? "warn" : "info", "turn", {
      agent: agent.profile.id,
      response: this.id,
      status,
      ...(error !== null && { code: error.code, modelStatus: error.modelStatus }),
      durationMs: at - this.#told.createdAt,
      ...(usage !== null && { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens }),
      ...(sideRequest !== null && { sideRequest: sideRequest.certainty }),
    })
  }

  /** What its items cannot say: of a program that does not tell its work, of one that died first, and of a fault of ours. */
  #withDoubt(error: TurnError | null): TurnError | null {
    if (error === null || this.#native === null || wasNeverAsked(error)) return error
    const hidesItsWork = this.#options.agent.capabilities?.hidesItsWork === true
    const hasDied = error.code === "backend_died" && this.#native.turnRef !== null
    const isUnknown = hidesItsWork || hasDied || error.code === "internal_error"
    return isUnknown ? { ...error, mayHaveActed: true } : error
  }

  #close(record: ResponseRecord & { readonly status: Outcome["status"] }): void {
    this.#told = record
    this.log.append({ type: record.status })
    this.log.close()
  }

  async #finishUnstored(cause: unknown): Promise<void> {
    const { ledger, turnId, now, log, unstored } = this.#options
    const error: TurnError = {
      ...unstoredError(cause, this.id),
      ...(this.#native !== null && { mayHaveActed: true }),
    }
    const completedAt = now()
    const progress: TurnProgress = { responseId: this.id, turnId, status: "failed", completedAt, error }
    try {
      // What could not be stored may have been the answer itself, not the fact that it failed.
      await ledger.saveProgress(progress)
    } catch (again) {
      log("error", "turn could not be marked as failed", { response: this.id, error: messageOf(again) })
      unstored.add(this, progress)
    }
    this.log.dropHeld()
    this.#close({ ...this.#told, status: "failed", error, completedAt })
  }

  #stop(cause: StopCause): void {
    if (this.#stopCause !== null || this.log.isClosed) return
    this.#stopCause = cause
    this.#whenStopped()
    this.#native?.interrupt()
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
