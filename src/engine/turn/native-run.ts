import { answerText } from "../../domain/answer-text.ts"
import type { FunctionTool, ThreadRef, Turn, TurnInput } from "../../domain/backend.ts"
import { messageOf } from "../../domain/errors.ts"
import type { FunctionCallOutputItem, MessageItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { CallingTurn, ServiceTools } from "../../domain/service-tools.ts"
import type { Store } from "../../domain/store.ts"
import type { TurnEvent } from "../../domain/turn-events.ts"
import type { SideRequest } from "../../domain/turn-request.ts"
import { addUsage, type Usage, usageSince } from "../../domain/usage.ts"
import type { Agent } from "../agents/agent.ts"
import type { AnswerFormat } from "../answer/answer-format.ts"
import { cutCause } from "../answer/answer-limits.ts"
import type { AnswerRules } from "../answer/answer-rules.ts"
import type { ItemEvent, RecordedItem, Recorder } from "../log/recorder.ts"
import type { Plan } from "../plan/plan.ts"
import type { Told } from "../thread/change-note.ts"
import { changeWaiting, deliver, ToldChange, withNote } from "../thread/thread-change.ts"
import { saidNow } from "../thread/turn-notes.ts"
import { CalledFunctions, type FunctionCalled, type ShownCalls } from "./called-functions.ts"
import type { Deadline } from "./deadline.ts"
import type { FunctionGate } from "./function-gate.ts"
import { completed, failed, isLost, type Outcome, type StopCause, stopped } from "./outcome.ts"
import type { ParkedTurn, Parking } from "./parking.ts"
import { resumedWith } from "./resumed-with.ts"
import { ServiceCalls } from "./service-calls.ts"
import { endThread, openThread } from "./turn-thread.ts"
import { type TurnTools, turnTools } from "./turn-tools.ts"

export interface NativeRunOptions {
  readonly agent: Agent
  readonly plan: Plan
  readonly turnId: string
  readonly input: Omit<TurnInput, "messages" | "outputSchema">
  /** Said right before new messages of the client's; not stored. */
  readonly told: readonly MessageItem[]
  /** The client's. */
  readonly tools: readonly FunctionTool[]
  readonly serviceTools: ServiceTools | null
  readonly calling: Omit<CallingTurn, "interrupted">
  readonly gate: FunctionGate
  readonly allowsParallelCalls: boolean
  readonly parking: Parking
  readonly store: Store
  readonly recorder: Recorder
  readonly answer: AnswerRules
  readonly sideRequest: SideRequest | null
  readonly deadline: Deadline
  /** Bound on the texts of one response. */
  readonly maxCharacters: number
  /** How long a turn may wait for its client at the most. */
  readonly parkMs: number
  /** Called with the item that something recorded has ended; null: it has ended none. */
  readonly onRecorded: (item: RecordedItem | null) => void
  readonly onNativeItem: (item: unknown) => void
  /** A new native thread stands behind the planned one. */
  readonly onNativeThread: (ref: ThreadRef, opened: Told) => void
  /** A change is about to be told in the thread: resolves once it is stored that what it knows is not known. */
  readonly onTelling: () => Promise<void>
  /** Asks for the end of this run. */
  readonly stop: (cause: StopCause) => void
  readonly stopCause: () => StopCause | null
  /** Resolves when `stop` was called. */
  readonly whenStopped: Promise<void>
  readonly log: Log
}

/**
 * The native side of one response: opens the thread, runs a turn in it (or takes up the one that waited for this
 * request's outputs) and reads it to its end, or to where it calls the client's functions.
 */
export class NativeRun {
  readonly #options: NativeRunOptions
  readonly #outputs: readonly FunctionCallOutputItem[]
  /** New ones of the client's, behind what is told of them. */
  readonly #messages: readonly MessageItem[]
  readonly #answer: AnswerRules
  readonly #tools: TurnTools
  readonly #service: ServiceCalls | null
  readonly #called: CalledFunctions
  #ref: ThreadRef | null = null
  #turn: Turn | null = null
  #turnRef: string | null = null
  /** Of turns of this run that are over. */
  #usage: Usage | null = null
  /** Of the current turn, told in earlier responses. */
  #usageBefore: Usage | null = null
  #outputSchema: TurnInput["outputSchema"] = null
  readonly #change = new ToldChange()

  constructor(options: NativeRunOptions) {
    this.#options = options
    this.#answer = options.answer
    this.#outputs = options.plan.added.filter((item) => item.type === "function_call_output")
    const said = saidNow(options.plan)
    this.#messages = said.length === 0 ? [] : [...options.told, ...said]
    const { tools, serviceTools, agent, sideRequest, log } = options
    this.#tools = turnTools(tools, serviceTools, agent, sideRequest)
    this.#service =
      serviceTools === null
        ? null
        : new ServiceCalls({
            tools: serviceTools,
            calling: options.calling,
            record: (event) => this.#take(event),
            log,
          })
    this.#called = new CalledFunctions({ ...options, tools: this.#tools, service: this.#service })
  }

  /** The CLI's name of the turn, once it is over for good: only then can it be a point to fork from. */
  get turnRef(): string | null {
    return this.#turnRef
  }

  get thread(): ThreadRef | null {
    return this.#ref
  }

  /** See `ToldChange`. */
  get note(): string | null | undefined {
    return this.#change.note
  }

  interrupt(): void {
    this.#service?.interrupt()
    void this.#turn?.interrupt().catch((error: unknown) => {
      this.#options.log("info", "interrupt failed", { error: messageOf(error) })
    })
  }

  /** Records what the agent says otherwise than by its CLI; as its answer, it ends the turn. */
  say(message: MessageItem): void {
    const { deadline, recorder, stop } = this.#options
    this.#record(this.#answer.take({ type: "item.completed", item: message }))
    deadline.progress(recorder.hasOpenWork)
    this.#boundCharacters()
    if (message.phase !== "commentary") stop({ code: "replied", message: "The agent has given its answer." })
  }

  async run(): Promise<Outcome> {
    const outcome = await this.#runTurns()
    return this.#answer.format === null ? outcome : this.#holdFormat(outcome, this.#answer.format)
  }

  async #runTurns(): Promise<Outcome> {
    const parked = await this.#takeParked()
    if (parked !== null) return this.#goOn(parked)
    const outcome = await this.#attempt(false)
    // Only the turn showed that the CLI has lost the thread: nothing was begun, and the ledger can seed a new one.
    return isLost(outcome) && this.#options.recorder.isEmpty ? this.#attempt(true) : outcome
  }

  /** The turn that waits for these outputs, and takes what comes with them; any other on this thread is ended. */
  async #takeParked(): Promise<ParkedTurn | null> {
    const { parking, plan, log } = this.#options
    const isAnswer = this.#outputs.length > 0 && plan.parentTurnId !== null
    const parked = isAnswer ? parking.take(plan.parentTurnId ?? "", plan.thread.id, this.#messages) : null
    if (parked === null) {
      await parking.evict(plan.thread.id)
      if (plan.parentTurnId !== null && this.#outputs.length > 0) {
        await parking.evictTurn(plan.parentTurnId)
        this.#usage = parking.takeUnaccounted(plan.parentTurnId)
      }
      return null
    }
    this.#turn = parked.turn
    try {
      this.#change.set(await changeWaiting(parked.ref, { ...this.#options, offered: this.#tools.offered }))
      if (this.#change.text !== null) await this.#options.onTelling()
      await deliver(parked.turn, withNote(this.#outputs, this.#change.text), this.#messages)
      return parked
    } catch (error) {
      log("info", "a waiting turn did not take its outputs; it goes on from the ledger", {
        error: messageOf(error),
      })
      await parked.turn.interrupt()
      parked.onEnded()
      return null
    }
  }

  async #goOn(parked: ParkedTurn): Promise<Outcome> {
    this.#turn = parked.turn
    this.#turnRef = parked.turnRef
    this.#usageBefore = parked.usage
    this.#ref = parked.ref
    this.#answer.beginTurn(parked.outputSchema)
    // A stop that came while the outputs were handed over may have found the turn not listening yet.
    if (this.#options.stopCause() !== null) this.interrupt()
    const [next, ...rest] = parked.untold
    if (next !== undefined)
      return this.#park(parked.events, { told: [next], untold: rest, holdUntil: parked.holdUntil })
    return this.#demanded(parked.ref, await this.#follow(parked.events))
  }

  async #attempt(isLost: boolean): Promise<Outcome> {
    const { agent } = this.#options
    const opened = await openThread({ ...this.#options, tools: this.#tools.offered }, this.#outputs, isLost)
    const cause = this.#options.stopCause()
    if (cause !== null) return stopped(cause, null)
    if (opened === null) return failed("backend_error", "The agent's thread could not be opened.")
    const { ref } = opened
    this.#ref = ref
    this.#change.set(opened.change)
    const [cut, demand] = [opened.note ?? [], this.#options.gate.demand() ?? []]
    const notes = [this.#change.news, cut, this.#answer.instructions(agent.capabilities), demand].flat()
    return this.#demanded(ref, await this.#start(ref, [...notes, ...this.#messages]))
  }

  /** Where a call is required: an answer without one is asked for it once more, and fails without it. */
  async #demanded(ref: ThreadRef, outcome: Outcome): Promise<Outcome> {
    const demand = this.#options.gate.demand()
    if (demand === null || outcome.status !== "completed" || outcome.parked !== undefined) return outcome
    if (this.#options.stopCause() !== null) return outcome
    this.#usage = outcome.usage
    const second = await this.#start(ref, [demand])
    if (second.status !== "completed" || second.parked !== undefined) return second
    return {
      ...failed("function_not_called", "The agent called none of the functions that `tool_choice` asks for."),
      usage: second.usage,
    }
  }

  #start(ref: ThreadRef, messages: readonly MessageItem[]): Promise<Outcome> {
    const { agent, input, stopCause } = this.#options
    const outputSchema = this.#answer.format?.nativeSchema(agent.capabilities) ?? null
    const standing = () => this.#change.standingWith(this.#options, messages)
    const turn = agent.backend.startTurn(ref, { ...input, outputSchema, messages, standing })
    this.#outputSchema = outputSchema
    this.#answer.beginTurn(outputSchema)
    this.#turn = turn
    this.#usageBefore = null
    // A stop that came while the thread was opened has found no turn to interrupt.
    if (stopCause() !== null) this.interrupt()
    return this.#follow(turn.events[Symbol.asyncIterator]())
  }

  async #follow(events: AsyncIterator<readonly TurnEvent[]>): Promise<Outcome> {
    let outcome: Outcome | null
    try {
      outcome = await this.#read(events)
      if (outcome?.status === "completed") this.#change.wasTold()
    } finally {
      // A turn that waits for its client has none open.
      this.#service?.turnOver()
      this.#called.forget()
    }
    const cause = this.#options.stopCause()
    if (cause !== null) return stopped(cause, outcome?.usage ?? null)
    return outcome ?? failed("backend_error", "The agent's CLI ended the turn without a result.")
  }

  async #read(events: AsyncIterator<readonly TurnEvent[]>): Promise<Outcome | null> {
    const { stop, stopCause } = this.#options
    for (;;) {
      const reading = events.next()
      const next = await this.#called.unlessReady(reading)
      if (next === null) {
        const shown = stopCause() === null ? this.#called.takeShown() : null
        if (shown !== null) return this.#park(resumedWith(reading, events), shown)
      }
      const { done, value } = next ?? (await reading)
      if (done === true) return null
      const calls: FunctionCalled[] = []
      for (const event of value) {
        if (event.type === "function.called") calls.push(event)
        const outcome = this.#take(event)
        const { cut } = this.#answer
        // The agent goes on meanwhile: the turn is read to its end, so that the thread is free for the next one.
        if (cut !== null) stop(cutCause(cut))
        if (outcome !== null) return outcome
      }
      if (this.#answer.cut === null && this.#turn !== null) {
        await this.#called.take(calls, this.#turn)
        const shown = stopCause() === null ? this.#called.takeShown() : null
        if (shown !== null) return this.#park(events, shown)
      }
      this.#boundCharacters()
    }
  }

  #boundCharacters(): void {
    const { recorder, maxCharacters, stop } = this.#options
    if (recorder.characters + this.#answer.heldCharacters <= maxCharacters) return
    stop({ code: "backend_error", message: `The answer is longer than ${maxCharacters} characters.` })
  }

  /** Takes one event in; returns the outcome when it was the last. */
  #take(event: TurnEvent): Outcome | null {
    const { deadline, gate, recorder, onNativeItem, log } = this.#options
    switch (event.type) {
      case "turn.started":
        this.#turnRef = event.turnRef
        deadline.progress()
        return null
      case "native.item":
        onNativeItem(event.item)
        return null
      case "notice":
        log("info", "agent notice", { notice: event.message.slice(0, 300) })
        if (event.tells === "progress") deadline.progress()
        else if (event.tells === "trouble") deadline.trouble(event.message.slice(0, 400), event.error ?? null)
        if (event.forgets === true) this.#change.forgotten()
        return null
      case "turn.completed":
        return completed(event.cut, this.#total(event.usage))
      case "turn.failed":
        return { status: "failed", error: gate.placedEnd(event.error), usage: this.#total(event.usage) }
      case "turn.interrupted":
        return {
          ...failed("interrupted", "The agent's CLI interrupted the turn."),
          usage: this.#total(event.usage),
        }
      case "function.called":
        deadline.progress(recorder.hasOpenWork)
        return null
      default: {
        this.#record(this.#answer.take(event))
        deadline.progress(recorder.hasOpenWork)
        return null
      }
    }
  }

  #park(events: AsyncIterator<readonly TurnEvent[]>, { told, untold, holdUntil }: ShownCalls): Outcome {
    const { agent, plan, turnId, sideRequest } = this.#options
    // Nobody comes back to a side request.
    const parkMs = sideRequest !== null ? 0 : this.#options.parkMs
    const turn = this.#turn
    if (turn === null || this.#ref === null) throw new Error("a turn that was never started cannot wait")
    this.#record(told.map((item) => ({ type: "item.completed", item })))
    const turnRef = this.#turnRef
    // Until it is over it is no point to fork from: what comes after the outputs belongs to it as well.
    this.#turnRef = null
    const parked: ParkedTurn = {
      turnId,
      thread: plan.thread,
      turn,
      turnRef,
      ref: this.#ref,
      outputSchema: this.#outputSchema,
      events,
      callIds: told.map(({ callId }) => callId),
      untold,
      holdUntil,
      usage: turn.usage,
      onEnded: () => endThread(agent, plan, this.#options.log),
    }
    const holdMs = holdUntil === null ? parkMs : Math.max(0, holdUntil - performance.now())
    const limitMs = Math.min(holdMs, parkMs)
    return {
      status: "completed",
      error: null,
      usage: this.#total(turn.usage),
      parked: { turn: parked, limitMs },
    }
  }

  /**
   * An answer without the form that the client asks for is corrected once by the agent, as long as nothing of it was shown;
   * then the response fails.
   */
  async #holdFormat(outcome: Outcome, format: AnswerFormat, isSecond = false): Promise<Outcome> {
    const { recorder, stopCause } = this.#options
    const isAnswer = outcome.status === "completed" && outcome.parked === undefined
    // What was cut by the client's limit is marked as such: it cannot be expected to hold.
    if (outcome.status === "incomplete") this.#record(format.release())
    if (!isAnswer) {
      this.#record(format.withdraw())
      return outcome
    }
    const shown = answerText(recorder.output)
    const problem = await format.problem(shown)
    this.#record(problem === null ? format.release() : format.withdraw())
    if (problem === null) return outcome
    if (isSecond || shown !== "" || this.#ref === null || stopCause() !== null) {
      const message = `The agent's answer does not have the form that was asked for: ${problem}.`
      return { ...failed("answer_format_mismatch", message), usage: outcome.usage }
    }
    this.#usage = outcome.usage
    this.#answer.beginAgain()
    return this.#holdFormat(await this.#start(this.#ref, [format.correction(problem)]), format, true)
  }

  #record(events: readonly ItemEvent[]): void {
    const { recorder, onRecorded } = this.#options
    for (const event of events) onRecorded(recorder.record(event))
  }

  /** All turns of this response, without what earlier responses have told of the current one. */
  #total(ofTurn: Usage | null): Usage | null {
    const own = usageSince(this.#usageBefore, ofTurn)
    if (this.#usage === null || own === null) return own ?? this.#usage
    return addUsage(this.#usage, own)
  }
}
