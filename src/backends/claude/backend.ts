import { randomUUID } from "node:crypto"
import { isDeepStrictEqual } from "node:util"
import type { Capabilities, Readiness } from "../../domain/agents.ts"
import type { Backend, ThreadOptions, ThreadRef, Turn, TurnInput } from "../../domain/backend.ts"
import { cannotCallFunctions, messageOf, ProxyError, ThreadLostError } from "../../domain/errors.ts"
import { fitAnswer } from "../kit/functions/fit-answer.ts"
import { announceTools } from "../kit/functions/handed-functions.ts"
import { RunningProcesses } from "../kit/process/running-processes.ts"
import { notReady, turnErrorOfThrown } from "../kit/process/start-error.ts"
import { claudeKind, queryOf, seedSession, userMessage } from "./history-messages.ts"
import { InstalledClaude } from "./installed.ts"
import { type ClaudeBackendOptions, type ClaudeTimeouts, claudeTimeouts, defaultMaxIdle } from "./options.ts"
import type { ClaudeEvent } from "./protocol.ts"
import { ClaudeRecords, deleteSession } from "./thread-record.ts"
import { type ClaudeThread, knownThread, newThread, ThreadProcesses } from "./threads.ts"
import { ClaudeTurn } from "./turn.ts"

/**
 * An agent on `claude -p` with JSON in both directions, kept open: a process a thread, because a
 * process has one session. Starting one takes a second, so it stays warm for a while; a thread
 * without one is resumed by its session's id.
 */
export class ClaudeBackend implements Backend {
  readonly kind = claudeKind
  readonly changesTools = true
  readonly #options: ClaudeBackendOptions
  readonly #timeouts: ClaudeTimeouts
  readonly #running: RunningProcesses
  readonly #records: ClaudeRecords
  readonly #program: InstalledClaude
  readonly #processes: ThreadProcesses
  readonly #threads = new Map<ThreadRef, ClaudeThread>()
  /** The newest turn of each thread, from before its thread is known to its very end. */
  readonly #turns = new Map<ThreadRef, ClaudeTurn>()
  /** Who waits for claude to take a message of a history. */
  readonly #seeding = new Map<ClaudeThread, () => void>()
  readonly #stopping = new AbortController()

  constructor(options: ClaudeBackendOptions) {
    this.#options = options
    this.#running = new RunningProcesses(options.cwd, options.log)
    this.#timeouts = { ...claudeTimeouts, ...options.timeouts }
    this.#records = new ClaudeRecords(options.cwd)
    this.#program = new InstalledClaude(options, this.#timeouts.probeMs, this.#stopping.signal)
    this.#processes = new ThreadProcesses({
      options,
      timeouts: this.#timeouts,
      maxIdle: options.maxIdle ?? defaultMaxIdle,
      program: this.#program,
      running: this.#running,
      onEvent: (thread, event) => this.#read(thread, event),
    })
  }

  async capabilities(): Promise<Capabilities> {
    const { version, efforts } = await this.#program.profile()
    return {
      program: `claude ${version}`,
      version,
      streamsDeltas: true,
      acceptsImages: true,
      hasOutputSchema: true,
      hasFunctions: this.#options.toolEndpoint !== null,
      hasFork: true,
      efforts,
    }
  }

  async readiness(): Promise<Readiness> {
    try {
      await this.#running.cleaned()
      await this.#program.profile()
      return await this.#program.login()
    } catch (error) {
      return notReady(error)
    }
  }

  async openThread(options: ThreadOptions): Promise<ThreadRef> {
    this.#refuseUnserved(options)
    const thread = newThread(randomUUID(), options, { type: "new" })
    this.#threads.set(thread.ref, thread)
    return thread.ref
  }

  async resumeThread(ref: ThreadRef, options: ThreadOptions): Promise<void> {
    await this.#changeTools(await this.#known(ref, options), options)
  }

  async #known(ref: ThreadRef, options: ThreadOptions): Promise<ClaudeThread> {
    const loaded = this.#threads.get(ref)
    if (loaded !== undefined) return loaded
    const record = await this.#records.read(ref)
    if (record === null) throw new ThreadLostError(`claude does not know thread ${ref}`)
    // A second caller may have read it meanwhile: there must be one object a thread.
    const again = this.#threads.get(ref)
    if (again !== undefined) return again
    const thread = knownThread(ref, record, options)
    this.#threads.set(ref, thread)
    return thread
  }

  /** By word to a process that listens; else the next process is started with them. */
  async #changeTools(thread: ClaudeThread, options: ThreadOptions): Promise<void> {
    if (isDeepStrictEqual(thread.tools, options.tools)) return
    this.#refuseUnserved(options)
    thread.tools = options.tools
    if (await announceTools(thread.channel, options.tools)) return
    if (thread.turn !== null) throw new ThreadLostError(`Thread ${thread.ref} is in use`)
    await this.#processes.close(thread)
  }

  async forkThread(ref: ThreadRef, at: string, options: ThreadOptions): Promise<ThreadRef> {
    this.#refuseUnserved(options)
    if (options.history.length > 0) throw new ThreadLostError("claude is told no history behind a fork")
    const record = this.#threads.get(ref)?.record ?? (await this.#records.read(ref))
    const last = record?.lastOfTurn.get(at)
    if (last === undefined) throw new ThreadLostError(`Turn ${at} of thread ${ref} is not known`)
    const thread = newThread(randomUUID(), options, { type: "fork", source: ref, at: last })
    thread.record.lastModel = record?.lastModel ?? null
    this.#threads.set(thread.ref, thread)
    return thread.ref
  }

  async closeThread(ref: ThreadRef): Promise<void> {
    const thread = this.#threads.get(ref)
    if (thread === undefined || thread.turn !== null) return
    this.#threads.delete(ref)
    await this.#processes.close(thread)
    thread.channel?.close()
  }

  /** claude reads its files when its process begins. */
  async renewThread(ref: ThreadRef | null): Promise<void> {
    if (ref === null) return
    // Its last turn is told to be over before it is noted.
    await this.#turns.get(ref)?.settled
    await this.closeThread(ref)
  }

  async deleteThread(ref: ThreadRef): Promise<void> {
    await this.#turns.get(ref)?.settled
    await this.closeThread(ref)
    await this.#records.remove(ref)
    await deleteSession(this.#options.env, ref)
  }

  startTurn(ref: ThreadRef, input: TurnInput): Turn {
    const turn = new ClaudeTurn({
      hasSchema: input.outputSchema !== null,
      interruptMs: this.#timeouts.interruptMs,
      log: this.#options.log,
      onLoggedOut: () => {
        this.#program.forgetLogin()
        this.#options.onEvent({ type: "account.changed" })
      },
    })
    const previous = this.#turns.get(ref)
    this.#turns.set(ref, turn)
    void this.#run(turn, ref, input, previous).finally(() => {
      turn.settle()
      if (this.#turns.get(ref) === turn) this.#turns.delete(ref)
    })
    return turn
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    const turns = [...this.#turns.values()]
    for (const turn of turns) turn.stop()
    await this.#processes.stop()
    await Promise.all(turns.map((turn) => turn.settled))
    for (const thread of this.#threads.values()) thread.channel?.close()
    this.#threads.clear()
  }

  async #run(turn: ClaudeTurn, ref: ThreadRef, input: TurnInput, previous?: ClaudeTurn): Promise<void> {
    let thread: ClaudeThread | null = null
    try {
      await this.#running.cleaned()
      // Told to be over before it is noted, and a session has room for one turn.
      await previous?.settled
      thread = await this.#known(ref, noOptions)
      if (turn.isOver) return
      await this.#ask(turn, thread, input)
      await this.#note(turn, thread)
    } catch (error) {
      turn.fail(turnErrorOfThrown(error))
    } finally {
      if (thread !== null) await this.#release(thread, turn)
    }
  }

  async #ask(turn: ClaudeTurn, thread: ClaudeThread, input: TurnInput): Promise<void> {
    const profile = {
      model: input.model ?? this.#options.model,
      effort: input.effort,
      schema: input.outputSchema === null ? null : JSON.stringify(fitAnswer(input.outputSchema)),
    }
    let { process, missing } = await this.#processes.acquire(thread, profile)
    if (thread.uninvited !== null) {
      await Promise.race([thread.uninvited.promise, process.settled])
      if (process.hasExited) ({ process, missing } = await this.#processes.acquire(thread, profile))
    }
    if (turn.isOver) return
    const { before, content } = queryOf(missing, input)
    await seedSession(
      (message) => process.send(message),
      before,
      () => this.#nextResult(thread),
    )
    if (turn.isOver) return
    thread.turn = turn
    turn.begin(process, thread.tools.length === 0 ? null : thread.channel)
    if (process.hasExited) {
      turn.fail({ code: "backend_died", message: "claude ended before the turn began", modelStatus: null })
    }
    process.send(userMessage(content, turn.ref))
    await turn.ended
    if (process.hasExited) await process.settled
  }

  /** From now on the session is claude's to resume, also for the next start of the service. */
  async #note(turn: ClaudeTurn, thread: ClaudeThread): Promise<void> {
    const { lastUuid } = turn
    if (lastUuid === null) return
    thread.record.lastOfTurn.set(turn.ref, lastUuid)
    thread.record.lastModel = thread.warm?.profile.model ?? null
    const isFirst = !thread.isRecorded
    thread.isRecorded = true
    thread.start = { type: "resume" }
    thread.history = []
    if (thread.isEphemeral) return
    try {
      if (isFirst) await this.#records.create(thread.ref, thread.record)
      await this.#records.addTurn(thread.ref, turn.ref, lastUuid, thread.record.lastModel)
    } catch (error) {
      this.#options.log("error", "a thread of claude's cannot be noted", { reason: messageOf(error) })
    }
  }

  async #release(thread: ClaudeThread, turn: ClaudeTurn): Promise<void> {
    this.#seeding.delete(thread)
    thread.turn = null
    if (turn.last?.type === "turn.failed" && turn.last.error.code === "thread_lost") {
      this.#threads.delete(thread.ref)
      await this.#processes.close(thread)
      thread.channel?.close()
      await this.#records.remove(thread.ref)
    } else this.#processes.release(thread)
  }

  #read(thread: ClaudeThread, event: ClaudeEvent): void {
    if (thread.turn !== null && !thread.turn.isRead) {
      thread.turn.read(event)
      return
    }
    if (event.type === "result") {
      this.#seeding.get(thread)?.()
      thread.uninvited?.resolve()
      thread.uninvited = null
    } else if (event.type === "stream_event" && event.event.type === "message_start") this.#refuse(thread)
  }

  /** Something that claude had put off, or was reminded of: nobody is there to hear it. */
  #refuse(thread: ClaudeThread): void {
    const process = thread.warm?.process
    if (thread.uninvited !== null || process === undefined) return
    thread.uninvited = Promise.withResolvers()
    this.#options.onEvent({ type: "turn.uninvited", thread: thread.ref })
    process.request("interrupt", this.#timeouts.interruptMs).catch(() => process.end())
  }

  async #nextResult(thread: ClaudeThread): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const process = thread.warm?.process
    await new Promise<void>((resolve, reject) => {
      const fail = () =>
        reject(new ProxyError("backend_error", "claude does not take the history of the thread"))
      timer = setTimeout(fail, this.#timeouts.startMs)
      void process?.settled.then(fail)
      this.#seeding.set(thread, resolve)
    }).finally(() => {
      clearTimeout(timer)
      this.#seeding.delete(thread)
    })
  }

  #refuseUnserved({ tools }: ThreadOptions): void {
    if (tools.length === 0 || this.#options.toolEndpoint !== null) return
    throw cannotCallFunctions()
  }
}

const noOptions: ThreadOptions = { instructions: null, tools: [], isEphemeral: false, history: [] }
