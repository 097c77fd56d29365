import type { ThreadRef, Turn, TurnInput } from "../../domain/backend.ts"
import { messageOf } from "../../domain/errors.ts"
import { answerText, type FunctionCallOutputItem, type MessageItem } from "../../domain/items.ts"
import type { TurnEvent } from "../../domain/turn-events.ts"
import { addUsage, type Usage, usageSince } from "../../domain/usage.ts"
import type { AnswerFormat } from "../answer/answer-format.ts"
import { cutCause } from "../answer/answer-limits.ts"
import type { AnswerRules } from "../answer/answer-rules.ts"
import { outputsIn } from "../plan/request-items.ts"
import { ChangeNotice, changeWaiting, deliver, withNote } from "../thread/thread-change.ts"
import { saidNow } from "../thread/turn-notes.ts"
import { CalledFunctions, type FunctionCalled, type ReadyCalls } from "./called-functions.ts"
import type { Deadline } from "./deadline.ts"
import { completed, failed, isLost, type Outcome, stopped, type TurnStop } from "./outcome.ts"
import type { ParkedTurn } from "./parking.ts"
import { ServiceCalls } from "./service-calls.ts"
import type { TurnContext } from "./turn-context.ts"
import type { TurnJournal } from "./turn-journal.ts"
import { endThread, openThread } from "./turn-thread.ts"
import { callingTurn, type TurnTools, turnTools } from "./turn-tools.ts"

/** What one run has for itself. */
interface RunParts {
  readonly journal: TurnJournal
  readonly stop: TurnStop
  readonly deadline: Deadline
}

/**
 * The native side of one response: opens the thread, runs a turn in it (or takes up the one that
 * waited for this request's outputs) and reads it to its end, or to where it calls the client's
 * functions.
 */
export class NativeRun {
  readonly #context: TurnContext
  readonly #journal: TurnJournal
  readonly #stop: TurnStop
  readonly #deadline: Deadline
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
  readonly #change = new ChangeNotice()

  constructor(context: TurnContext, { journal, stop, deadline }: RunParts) {
    const { agent, asked, plan, record, remarks, rules, shared } = context
    this.#context = context
    this.#journal = journal
    this.#stop = stop
    this.#deadline = deadline
    this.#answer = rules.answer
    this.#outputs = outputsIn(plan.added)
    const said = saidNow(plan)
    this.#messages = said.length === 0 ? [] : [...remarks, ...said]
    this.#tools = turnTools(asked.tools, shared.serviceTools, agent, asked.sideRequest)
    this.#service =
      shared.serviceTools === null
        ? null
        : new ServiceCalls({
            tools: shared.serviceTools,
            calling: callingTurn(agent.profile, asked, plan.thread, record),
            record: (event) => this.#take(event),
            log: shared.log,
          })
    this.#called = new CalledFunctions({
      gate: rules.gate,
      tools: this.#tools,
      service: this.#service,
      allowsParallelCalls: asked.allowsParallelCalls,
      stop: (cause) => stop.ask(cause),
    })
  }

  /** The CLI's name of the turn once it is over for good, and may be a point to fork from. */
  get turnRef(): string | null {
    return this.#turnRef
  }

  get thread(): ThreadRef | null {
    return this.#ref
  }

  /** See `ChangeNotice`. */
  get note(): string | null | undefined {
    return this.#change.note
  }

  interrupt(): void {
    this.#service?.interrupt()
    void this.#turn?.interrupt().catch((error: unknown) => {
      this.#context.shared.log("info", "interrupt failed", { error: messageOf(error) })
    })
  }

  /** Records what the agent says otherwise than by its CLI; as its answer, it ends the turn. */
  say(message: MessageItem): void {
    this.#journal.add(this.#answer.take({ type: "item.completed", item: message }))
    this.#deadline.progress(this.#journal.recorder.hasOpenWork)
    this.#boundCharacters()
    if (message.phase === "commentary") return
    this.#stop.ask({ code: "replied", message: "The agent has given its answer." })
  }

  async run(): Promise<Outcome> {
    const outcome = await this.#runTurns()
    return this.#answer.format === null ? outcome : this.#holdFormat(outcome, this.#answer.format)
  }

  async #runTurns(): Promise<Outcome> {
    const parked = await this.#takeParked()
    if (parked !== null) return this.#goOn(parked)
    const outcome = await this.#attempt(false)
    // Only the turn showed that the CLI has lost the thread: nothing was begun, and the ledger can
    // seed a new one.
    return isLost(outcome) && this.#journal.recorder.isEmpty ? this.#attempt(true) : outcome
  }

  /** The turn that waits for these outputs and what is with them; any other here is ended. */
  async #takeParked(): Promise<ParkedTurn | null> {
    const { agent, asked, plan, shared } = this.#context
    const { parking, store, log } = shared
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
      this.#change.set(
        await changeWaiting(parked.ref, {
          agent,
          plan,
          store,
          tools: asked.tools,
          offered: this.#tools.offered,
        }),
      )
      if (this.#change.text !== null) await this.#journal.forgetNote()
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
    // A stop that came while the outputs were handed over may have found the turn not listening
    // yet.
    if (this.#stop.cause !== null) this.interrupt()
    const [next, ...later] = parked.later
    if (next !== undefined)
      return this.#park(parked.events, { calls: [next], later, holdUntil: parked.holdUntil })
    return this.#demanded(parked.ref, await this.#follow(parked.events))
  }

  async #attempt(isLost: boolean): Promise<Outcome> {
    const { agent, rules } = this.#context
    const wish = { tools: this.#tools.offered, outputs: this.#outputs, isLost }
    const opened = await openThread(this.#context, wish, { journal: this.#journal, stop: this.#stop })
    if (this.#stop.cause !== null) return stopped(this.#stop.cause, null)
    if (opened === null) return failed("backend_error", "The agent's thread could not be opened.")
    const { ref } = opened
    this.#ref = ref
    this.#change.set(opened.change)
    const [cut, demand] = [opened.note ?? [], rules.gate.demand() ?? []]
    const notes = [this.#change.news, cut, this.#answer.instructions(agent.capabilities), demand].flat()
    return this.#demanded(ref, await this.#start(ref, [...notes, ...this.#messages]))
  }

  /** Where a call is required, an answer without one is asked for it once more; then it fails. */
  async #demanded(ref: ThreadRef, outcome: Outcome): Promise<Outcome> {
    const demand = this.#context.rules.gate.demand()
    if (demand === null || outcome.status !== "completed" || outcome.parked !== undefined) return outcome
    if (this.#stop.cause !== null) return outcome
    this.#usage = outcome.usage
    const second = await this.#start(ref, [demand])
    if (second.status !== "completed" || second.parked !== undefined) return second
    return {
      ...failed("function_not_called", "The agent called none of the functions that `tool_choice` asks for."),
      usage: second.usage,
    }
  }

  #start(ref: ThreadRef, messages: readonly MessageItem[]): Promise<Outcome> {
    const { agent, asked, plan, shared } = this.#context
    const outputSchema = this.#answer.format?.nativeSchema(agent.capabilities) ?? null
    const standing = () => this.#change.standingWith({ plan, store: shared.store }, messages)
    const turn = agent.backend.startTurn(ref, {
      model: agent.model,
      effort: asked.effort,
      outputSchema,
      messages,
      standing,
    })
    this.#outputSchema = outputSchema
    this.#answer.beginTurn(outputSchema)
    this.#turn = turn
    this.#usageBefore = null
    // A stop that came while the thread was opened has found no turn to interrupt.
    if (this.#stop.cause !== null) this.interrupt()
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
    const { cause } = this.#stop
    if (cause !== null) return stopped(cause, outcome?.usage ?? null)
    return outcome ?? failed("backend_error", "The agent's CLI ended the turn without a result.")
  }

  async #read(events: AsyncIterator<readonly TurnEvent[]>): Promise<Outcome | null> {
    for (;;) {
      const reading = events.next()
      const next = await this.#called.unlessReady(reading)
      if (next === null) {
        const ready = this.#stop.cause === null ? this.#called.takeReady() : null
        if (ready !== null) return this.#park(resumedWith(reading, events), ready)
      }
      const { done, value } = next ?? (await reading)
      if (done === true) return null
      const calls: FunctionCalled[] = []
      for (const event of value) {
        if (event.type === "function.called") calls.push(event)
        const outcome = this.#take(event)
        const { cut } = this.#answer
        // The agent goes on meanwhile: the turn is read to its end, so that the thread is free for
        // the next one.
        if (cut !== null) this.#stop.ask(cutCause(cut))
        if (outcome !== null) return outcome
      }
      if (this.#answer.cut === null && this.#turn !== null) {
        await this.#called.take(calls, this.#turn)
        const ready = this.#stop.cause === null ? this.#called.takeReady() : null
        if (ready !== null) return this.#park(events, ready)
      }
      this.#boundCharacters()
    }
  }

  #boundCharacters(): void {
    const { maxCharacters } = this.#context.shared.settings
    if (this.#journal.recorder.characters + this.#answer.heldCharacters <= maxCharacters) return
    this.#stop.ask({
      code: "backend_error",
      message: `The answer is longer than ${maxCharacters} characters.`,
    })
  }

  /** Takes one event in; returns the outcome when it was the last. */
  #take(event: TurnEvent): Outcome | null {
    const { rules, shared } = this.#context
    switch (event.type) {
      case "turn.started":
        this.#turnRef = event.turnRef
        this.#deadline.progress()
        return null
      case "native.item":
        this.#journal.addNativeItem(event.item)
        return null
      case "notice":
        shared.log("info", "agent notice", { notice: event.message.slice(0, 300) })
        if (event.tells === "progress") this.#deadline.progress()
        else if (event.tells === "trouble")
          this.#deadline.trouble(event.message.slice(0, 400), event.error ?? null)
        if (event.forgets === true) this.#change.forgotten()
        return null
      case "turn.completed":
        return completed(event.cut, this.#total(event.usage))
      case "turn.failed":
        return { status: "failed", error: rules.gate.placedEnd(event.error), usage: this.#total(event.usage) }
      case "turn.interrupted":
        return {
          ...failed("interrupted", "The agent's CLI interrupted the turn."),
          usage: this.#total(event.usage),
        }
      case "function.called":
        this.#deadline.progress(this.#journal.recorder.hasOpenWork)
        return null
      default: {
        this.#journal.add(this.#answer.take(event))
        this.#deadline.progress(this.#journal.recorder.hasOpenWork)
        return null
      }
    }
  }

  #park(events: AsyncIterator<readonly TurnEvent[]>, { calls, later, holdUntil }: ReadyCalls): Outcome {
    const { asked, plan, shared, turnId } = this.#context
    // Nobody comes back to a side request.
    const parkMs = asked.sideRequest !== null ? 0 : shared.settings.parkMs
    const turn = this.#turn
    if (turn === null || this.#ref === null) throw new Error("a turn that was never started cannot wait")
    this.#journal.add(calls.map((item) => ({ type: "item.completed", item })))
    const turnRef = this.#turnRef
    // Until it is over it is no point to fork from: what comes after the outputs belongs to it as
    // well.
    this.#turnRef = null
    const parked: ParkedTurn = {
      turnId,
      thread: plan.thread,
      turn,
      turnRef,
      ref: this.#ref,
      outputSchema: this.#outputSchema,
      events,
      callIds: calls.map(({ callId }) => callId),
      later,
      holdUntil,
      usage: turn.usage,
      onEnded: () => endThread(this.#context),
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
   * An answer without the form that the client asks for is corrected once by the agent, as long as
   * nothing of it was shown; then the response fails.
   */
  async #holdFormat(outcome: Outcome, format: AnswerFormat, isSecond = false): Promise<Outcome> {
    const isAnswer = outcome.status === "completed" && outcome.parked === undefined
    // What was cut by the client's limit is marked as such: it cannot be expected to hold.
    if (outcome.status === "incomplete") this.#journal.add(format.release())
    if (!isAnswer) {
      this.#journal.add(format.withdraw())
      return outcome
    }
    const shown = answerText(this.#journal.recorder.output)
    const problem = await format.problem(shown)
    this.#journal.add(problem === null ? format.release() : format.withdraw())
    if (problem === null) return outcome
    if (isSecond || shown !== "" || this.#ref === null || this.#stop.cause !== null) {
      const message = `The agent's answer does not have the form that was asked for: ${problem}.`
      return { ...failed("answer_format_mismatch", message), usage: outcome.usage }
    }
    this.#usage = outcome.usage
    this.#answer.beginAgain()
    return this.#holdFormat(await this.#start(this.#ref, [format.correction(problem)]), format, true)
  }

  /** All turns of this response, without what earlier responses have told of the current one. */
  #total(ofTurn: Usage | null): Usage | null {
    const own = usageSince(this.#usageBefore, ofTurn)
    if (this.#usage === null || own === null) return own ?? this.#usage
    return addUsage(this.#usage, own)
  }
}

/** The events of a turn from a read on that is under way. */
async function* resumedWith(
  reading: Promise<IteratorResult<readonly TurnEvent[]>>,
  events: AsyncIterator<readonly TurnEvent[]>,
): AsyncGenerator<readonly TurnEvent[]> {
  for (let next = await reading; next.done !== true; next = await events.next()) yield next.value
}
