import type { ThreadRef } from "../../domain/backend.ts"
import { messageOf, type TurnError } from "../../domain/errors.ts"
import { answerText, textMessage } from "../../domain/items.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import { hasFailed, type ResponseRecord } from "../../domain/responses.ts"
import type { TurnProgress } from "../../domain/store.ts"
import { turnMarks } from "../../domain/turn-marks.ts"
import { usageOfCut } from "../answer/answer-limits.ts"
import type { ResponseLog } from "../log/response-log.ts"
import type { Plan } from "../plan/plan.ts"
import { seenTextOf } from "../thread/turn-notes.ts"
import { Deadline } from "./deadline.ts"
import type { LiveTurn } from "./live-turns.ts"
import { NativeRun } from "./native-run.ts"
import {
  failed,
  failedBy,
  type Outcome,
  outcomeForClient,
  stopped,
  TurnStop,
  unstoredError,
  wasNeverAsked,
  withoutEmptyAnswer,
} from "./outcome.ts"
import type { TurnContext } from "./turn-context.ts"
import { TurnJournal } from "./turn-journal.ts"
import type { QueuePlace } from "./turn-queue.ts"
import { endThread } from "./turn-thread.ts"

/** What a turn waits for before it begins. */
interface TurnStart {
  readonly place: QueuePlace
  /** The turn that this one goes on behind or branches from, where it is not finished yet. */
  readonly parent: LiveResponse | null
  /** What has to be there besides. */
  readonly whenReady: Promise<unknown> | null
}

/** One turn on its way: from the queue through the backend into the log and the ledger. */
export class RunningTurn implements LiveTurn {
  readonly id: string
  readonly log: ResponseLog
  readonly finished: Promise<ResponseRecord>
  isUnattended = false
  readonly #context: TurnContext
  readonly #start: TurnStart
  readonly #journal: TurnJournal
  readonly #stop = new TurnStop(
    () => this.log.isClosed,
    () => this.#native?.interrupt(),
  )
  #native: NativeRun | null = null
  #note: string | null | undefined = undefined
  #isLeft = false
  #hasBegun = false
  #isEnding = false
  #saidCount = 0

  constructor(context: TurnContext, start: TurnStart) {
    this.#context = context
    this.#start = start
    this.id = context.record.id
    // Nobody would be told any more of what its agent does.
    this.#journal = new TurnJournal(context, () =>
      this.#stop.ask({ code: "backend_error", message: "The answer could not be stored." }),
    )
    this.log = this.#journal.log
    this.finished = this.#run()
  }

  get turnId(): string {
    return this.#context.turnId
  }

  get beginning(): Plan | null {
    const { plan } = this.#context
    return plan.before.all === null && !plan.thread.isEphemeral ? plan : null
  }

  get goesOnBehind(): LiveResponse | null {
    return this.#context.plan.thread.isMain ? null : this.#start.parent
  }

  get askedBy(): readonly string[] {
    return this.#context.asked.askedBy ?? []
  }

  /** See `TurnJournal`. */
  get record(): ResponseRecord {
    return this.#journal.record
  }

  cancel(): void {
    this.#stop.ask({ code: "cancelled", message: "The turn was cancelled." })
  }

  abandon(message: string): void {
    const advice = this.#hasBegun ? "" : " The agent had not begun with this answer: send the request again."
    this.#stop.ask({ code: "agent_stopped", message: `${message}${advice}` })
  }

  async say(text: string, isFinal: boolean): Promise<boolean> {
    if (this.#native === null || this.#stop.cause !== null || this.#isEnding) return false
    this.#saidCount += 1
    const phase = isFinal ? "final_answer" : "commentary"
    this.#native.say({ ...textMessage(`said ${this.#saidCount}`, "assistant", text), phase })
    await this.#journal.settled()
    return true
  }

  get nativeThread(): ThreadRef | null {
    return this.#native?.thread ?? null
  }

  leave(): boolean {
    if (!this.#context.record.isBackground || this.#hasBegun || this.#stop.cause !== null) return false
    this.#isLeft = true
    this.abandon("The service is stopping.")
    return true
  }

  async #run(): Promise<ResponseRecord> {
    const { agent, shared } = this.#context
    const { place, parent, whenReady } = this.#start
    try {
      await Promise.race([Promise.all([place.turnToRun, parent?.finished, whenReady]), this.#stop.whenAsked])
      if (this.#isLeft) {
        this.log.close()
        return this.record
      }
      const { cause } = this.#stop
      await this.#finish(cause === null ? await this.#runNow() : stopped(cause, null))
    } catch (error) {
      // Only the ledger can bring us here: the answer cannot be stored, so it is not claimed to be.
      shared.log("error", "turn could not be stored", { response: this.id, error: messageOf(error) })
      const hasRun = this.#native !== null
      const told = { ...unstoredError(error, this.id), ...(hasRun && { mayHaveActed: true as const }) }
      await this.#journal.endUnstored(this, told)
    } finally {
      agent.lastActiveAt = shared.now()
      place.leave()
    }
    return this.record
  }

  async #runNow(): Promise<Outcome> {
    const { agent, shared } = this.#context
    agent.runningTurns += 1
    this.#hasBegun = true
    const deadline = new Deadline(shared.settings, (cause) => this.#stop.ask(cause))
    let outcome: Outcome | null = null
    try {
      await this.#journal.begin()
      const run = new NativeRun(this.#context, { journal: this.#journal, stop: this.#stop, deadline })
      this.#native = run
      // A backend ends every turn that is interrupted; should one not, the client does not wait for
      // it.
      const givenUp = this.#stop.whenAsked.then(() => delay(shared.settings.interruptMs))
      outcome = await Promise.race([run.run(), givenUp.then(() => null)])
      if (outcome === null && this.#stop.cause !== null) outcome = stopped(this.#stop.cause, null)
      this.#journal.nativeTurnRef = run.turnRef
      this.#note = run.note
    } catch (error) {
      shared.log("error", "a turn failed in the service itself", {
        response: this.id,
        error: messageOf(error),
      })
      outcome = failedBy(error, this.id)
    } finally {
      deadline.stop()
      agent.runningTurns -= 1
      if (outcome?.parked === undefined) endThread(this.#context)
    }
    return outcomeForClient(
      outcome ?? failed("backend_error", "The agent's CLI ended the turn without a result."),
    )
  }

  async #finish(ended: Outcome): Promise<void> {
    const { agent, plan, shared } = this.#context
    this.#isEnding = true
    const { recorder } = this.#journal
    const items = recorder.finish("incomplete")
    const { cause } = this.#stop
    // One that was stopped is what its client, or the agent by another way, wanted it to be.
    const outcome = cause === null ? withoutEmptyAnswer(ended, recorder.output) : ended
    agent.turnEnded(outcome)
    const completedAt = shared.now()
    const { status, parked } = outcome
    const isCut = this.#hasBegun && cause !== null
    const usage = isCut ? usageOfCut(outcome.usage, plan.added, recorder.output) : outcome.usage
    const error = this.#withDoubt(outcome.error)
    this.#logEnd({ ...outcome, usage }, completedAt)
    // Before the client hears of the calls, and may answer them.
    if (parked !== undefined) shared.parking.park(parked.turn, parked.limitMs)
    await this.#journal.end(items, { status, error, usage, completedAt }, this.#found(status))
  }

  /** What the next turn finds this one by, and is to know of it. */
  #found(
    status: Outcome["status"],
  ): Pick<TurnProgress, "marks" | "seenText" | "note" | "freesIdempotencyKey"> {
    const { plan, record, rules } = this.#context
    const { output, shown } = this.#journal.recorder
    const code = this.#stop.cause?.code
    const { stopTexts } = rules.answer
    // The CLI knows nothing of an answer that was given past it.
    const seenText = code === "replied" || hasFailed(status) ? answerText(output) : seenTextOf(output)
    return {
      marks: turnMarks(record, plan, [...plan.added, ...shown], hasFailed(status), stopTexts),
      ...(seenText !== null && { seenText }),
      ...(this.#note !== undefined && { note: this.#note }),
      ...(!this.#hasBegun && code === "agent_stopped" && { freesIdempotencyKey: true }),
    }
  }

  /** The one line that a log has of a turn. */
  #logEnd({ status, error, usage }: Outcome, at: number): void {
    const { agent, asked, record, shared } = this.#context
    const { sideRequest } = asked
    shared.log(status === "failed" ? "warn" : "info", "turn", {
      agent: agent.profile.id,
      response: this.id,
      status,
      ...(error !== null && { code: error.code, modelStatus: error.modelStatus }),
      durationMs: at - record.createdAt,
      ...(usage !== null && { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens }),
      ...(sideRequest !== null && { sideRequest: sideRequest.certainty }),
    })
  }

  /** What no items say: of a program that hides its work or died first, of a fault of ours. */
  #withDoubt(error: TurnError | null): TurnError | null {
    if (error === null || this.#native === null || wasNeverAsked(error)) return error
    const hidesItsWork = this.#context.agent.capabilities?.hidesItsWork === true
    const hasDied = error.code === "backend_died" && this.#native.turnRef !== null
    const isUnknown = hidesItsWork || hasDied || error.code === "internal_error"
    return isUnknown ? { ...error, mayHaveActed: true } : error
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
