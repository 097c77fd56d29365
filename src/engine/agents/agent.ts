import {
  type AgentProfile,
  type AgentStatus,
  type Capabilities,
  explain,
  fullReason,
  type LoginProblem,
  type Readiness,
  type UnexpectedExit,
} from "../../domain/agents.ts"
import type { Backend, BackendEvent, ThreadRef } from "../../domain/backend.ts"
import { notReadyError, ProxyError } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"

interface AgentOptions {
  readonly profile: AgentProfile
  readonly backend: Backend
  /** What is spawned, for people. */
  readonly program: string
  /** Of turns that ask for none; null: the CLI's own. */
  readonly usual?: { readonly model: string | null; readonly effort: string | null }
  readonly instructions: {
    /** Our own words in front of a new thread's. */
    readonly preamble: () => Promise<string>
    /** Another once files that its CLI reads were edited. Asked each turn: microseconds. */
    readonly stamp?: () => string
  }
  readonly limits: {
    readonly loadedThreads: number
    readonly threadIdleMs: number
    /** How often an agent that is not ready is asked again. */
    readonly readinessPollMs?: number
    /** How long after the death of its process the agent is asked for another one. */
    readonly restartMs?: number
  }
  readonly now: () => number
  readonly log: Log
}

interface LoadedThread {
  readonly ref: ThreadRef
  /** Of the instructions that it was loaded with. */
  readonly stamp: string
  /** As `performance.now()` tells it. */
  readonly usedAt: number
}

/** A running agent: its backend, whether it is ready, and which of its threads are loaded. */
export class Agent {
  readonly profile: AgentProfile
  readonly backend: Backend
  readonly #options: AgentOptions
  readonly #createdAt: number
  /** With a turn, also one that waits for its client. */
  readonly #busy = new Map<string, LoadedThread>()
  /** Without one, the longest unused first. */
  readonly #idle = new Map<string, LoadedThread>()
  #readiness: Readiness = {
    isReady: false,
    reason: "the agent is starting",
    nextStep: "Try again in a few seconds.",
    detail: null,
    retryAfterSeconds: 5,
  }
  #capabilities: Capabilities | null = null
  /** Kind of the backend that told them. */
  #capabilitiesOf = ""
  #checking: Promise<Readiness> | null = null
  #timer: NodeJS.Timeout | null = null
  #pid: number | null = null
  #starts = 0
  #lastExit: UnexpectedExit | null = null
  #loginProblem: LoginProblem | null = null
  #isStopped = false
  /** What the log was last told: the reason, or nothing where it is ready. Null: neither. */
  #toldState: string | null = null
  #refusal: string | null = null
  /** Of the instructions as the newest turn has found them. */
  #stamp: string
  runningTurns = 0
  lastActiveAt: number | null = null

  constructor(options: AgentOptions) {
    this.#options = options
    this.profile = options.profile
    this.backend = options.backend
    this.#createdAt = options.now()
    this.#stamp = this.instructionsStamp()
  }

  /** Starts watching; awaits the first check: a service that says it is up knows its agent. */
  async start(): Promise<Readiness> {
    const readiness = await this.check()
    this.#schedule()
    return readiness
  }

  /** Asks the backend; concurrent calls share one question. */
  check(): Promise<Readiness> {
    this.#checking ??= this.#ask().finally(() => {
      this.#checking = null
    })
    return this.#checking
  }

  /** It is going to be stopped: turns that have not begun are refused with this message. */
  takeNoMore(refusal: string): void {
    this.#refusal = refusal
  }

  /** Throws `agent_not_ready` once it takes no more turns. */
  assertTakesTurns(): void {
    if (this.#refusal !== null) throw new ProxyError("agent_not_ready", this.#refusal)
  }

  /** Asks once more, then throws `agent_not_ready` or `agent_unavailable`, with the next step. */
  async assertReady(): Promise<void> {
    this.assertTakesTurns()
    if (this.#readiness.isReady) return
    const readiness = await this.check()
    if (readiness.isReady) return
    throw notReadyError(`Agent '${this.profile.id}' is not ready: ${explain(readiness)}`, readiness)
  }

  get isReady(): boolean {
    return this.#readiness.isReady
  }

  get capabilities(): Capabilities | null {
    return this.#capabilities
  }

  get model(): string | null {
    return this.#options.usual?.model ?? null
  }

  /** Left out where the CLI does not take it: it is the agent's setting, not a client's demand. */
  get effort(): string | null {
    return effortFor(this.#options.usual?.effort ?? null, this.#capabilities)
  }

  /** What its backend tells outside of turns. */
  told(event: BackendEvent): void {
    switch (event.type) {
      case "process.started":
        this.#pid = event.pid
        this.#starts += 1
        return
      case "process.exited":
        if (event.pid === this.#pid) this.#pid = null
        if (this.#isStopped || event.isExpected === true) return
        this.#lastExit = { reason: event.reason, at: this.#options.now() }
        // Not for the next request to find: that is the one that must not wait. Quick deaths in a
        // row are the backend's to slow down.
        this.#schedule(this.#options.limits.restartMs ?? 1000)
        return
      case "account.changed":
        void this.check()
        return
      case "turn.uninvited":
        return
      default:
        event satisfies never
    }
  }

  /**
   * How a turn ended. A log-in that its CLI takes for good may have expired: only turns tell. It
   * does not make the agent not ready, for only the next turn can tell that it is good again.
   */
  turnEnded({ status, error }: Pick<ResponseRecord, "status" | "error">): void {
    // Also an answer that was cut came from the model.
    if (status === "completed" || status === "incomplete") this.#loginProblem = null
    else if (error?.modelStatus === 401)
      this.#loginProblem = { message: error.message, at: this.#options.now() }
  }

  preamble(): Promise<string> {
    return this.#options.instructions.preamble()
  }

  status(queuedTurns: number): AgentStatus {
    const { id, role, name } = this.profile
    return {
      id,
      role,
      name,
      state: "running",
      backend: this.backend.kind,
      program: this.#options.program,
      readiness: this.#readiness,
      capabilities: this.#capabilities,
      pid: this.#pid,
      lastExit: this.#lastExit,
      restarts: Math.max(0, this.#starts - 1),
      loginProblem: this.#loginProblem,
      controlProblem: null,
      loadedThreads: this.#busy.size + this.#idle.size,
      runningTurns: this.runningTurns,
      queuedTurns,
      createdAt: this.#createdAt,
      lastActiveAt: this.lastActiveAt,
    }
  }

  instructionsStamp(): string {
    return this.#options.instructions.stamp?.() ?? ""
  }

  /**
   * A thread that was loaded before its CLI's instructions were edited is to be loaded anew. To be
   * called between its turns.
   */
  async renewEdited(threadId: string, stamp: string): Promise<void> {
    const thread = this.#loaded(threadId)
    const isEdited = (thread?.stamp ?? this.#stamp) !== stamp
    this.#stamp = stamp
    if (!isEdited) return
    try {
      await this.backend.renewThread?.(thread?.ref ?? null)
    } catch (error) {
      // The turn goes on with the instructions that the thread has.
      this.#options.log("info", "a thread keeps its earlier instructions", {
        agent: this.profile.id,
        error: String(error),
      })
    }
  }

  /** The thread is in use, and not closed, until `release`. `stamp`: see `renewEdited`. */
  occupy(threadId: string, ref: ThreadRef, stamp: string): void {
    this.#idle.delete(threadId)
    this.#busy.set(threadId, { ref, stamp, usedAt: performance.now() })
  }

  /** The turn is over: the thread stays loaded while there is room and it is used. */
  release(threadId: string): void {
    const thread = this.#loaded(threadId)
    if (thread === undefined) return
    // Behind all others: a Map keeps the order of insertion.
    this.#busy.delete(threadId)
    this.#idle.delete(threadId)
    this.#idle.set(threadId, { ...thread, usedAt: performance.now() })
    this.#closeUnused(Number.NEGATIVE_INFINITY)
  }

  /** The thread is to be gone for good; returns its native name, if it is loaded. */
  forget(threadId: string): ThreadRef | null {
    const ref = this.#loaded(threadId)?.ref ?? null
    this.#busy.delete(threadId)
    this.#idle.delete(threadId)
    return ref
  }

  #loaded(threadId: string): LoadedThread | undefined {
    return this.#busy.get(threadId) ?? this.#idle.get(threadId)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.backend.stop()
  }

  async #ask(): Promise<Readiness> {
    const readiness = await this.backend.readiness()
    this.#readiness = readiness
    const { kind } = this.backend
    // A codex that was driven by exec for a while is another backend when its app-server answers
    // again.
    if (readiness.isReady && (this.#capabilities === null || kind !== this.#capabilitiesOf)) {
      try {
        this.#capabilities = await this.backend.capabilities()
        this.#capabilitiesOf = kind
      } catch (error) {
        this.#options.log("info", "capabilities unknown", { agent: this.profile.id, error: String(error) })
      }
    }
    this.#tellChange(readiness)
    return readiness
  }

  /** Also how it is at first, and that it is not ready for another reason than before. */
  #tellChange(readiness: Readiness): void {
    const state = readiness.isReady ? "" : readiness.reason
    if (state === this.#toldState || this.#isStopped) return
    this.#toldState = state
    const agent = this.profile.id
    if (readiness.isReady) {
      this.#options.log("info", "agent ready", { agent, program: this.#capabilities?.program })
      return
    }
    const fields = { agent, reason: fullReason(readiness), nextStep: readiness.nextStep }
    this.#options.log("warn", "agent not ready", fields)
  }

  #schedule(pollMs = this.#options.limits.readinessPollMs ?? 3000): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#closeUnused(performance.now() - this.#options.limits.threadIdleMs)
      // Also while it is ready: this is what notices a lost login, and what starts a dead process
      // again.
      void this.check().finally(() => {
        if (!this.#isStopped && this.#timer === null) this.#schedule()
      })
    }, pollMs)
    this.#timer.unref()
  }

  /**
   * Closes idle threads: all that were last used before `idleSince`, and the oldest ones above the
   * limit. Threads with a turn, also one that waits for its client, need theirs, and take nobody
   * else's place.
   */
  #closeUnused(idleSince: number): void {
    let tooMany = this.#idle.size - this.#options.limits.loadedThreads
    for (const [threadId, thread] of this.#idle) {
      if (tooMany <= 0 && thread.usedAt >= idleSince) break
      tooMany -= 1
      this.#idle.delete(threadId)
      this.backend.closeThread(thread.ref).catch((error: unknown) => {
        this.#options.log("info", "closing a thread failed", { agent: this.profile.id, error: String(error) })
      })
    }
  }
}

/** Null where the CLI is known not to take it; one that tells of none has the last word. */
export function effortFor(effort: string | null, capabilities: Capabilities | null): string | null {
  const efforts = capabilities?.efforts ?? []
  return effort === null || efforts.length === 0 || efforts.includes(effort) ? effort : null
}

/** The engine's hold on a running agent: as long as it lasts, the agent is not replaced. */
export interface Claim {
  readonly agent: Agent
  /** Safe twice. */
  release(): void
}

/** An agent that can be addressed, running or not. */
export interface Member {
  readonly id: string
  /** Null as long as it has none: it has never been started. */
  readonly identity: string | null
  /** Null: the role is the whole name. */
  readonly name: string
  /** Absolute path of its workspace. */
  readonly workspace: string
  /** The running agent; null while there is none. */
  readonly agent: Agent | null
  /** The running agent, not replaced meanwhile; waits for one that is. Or `agent_not_ready`. */
  claim(): Promise<Claim>
  /** `waitingTurns`: of this agent, that wait or run. */
  status(turns: number): AgentStatus
}

/** Who is there; changes while the engine runs. */
export interface AgentRoster {
  /** The manager first. From memory. */
  readonly members: readonly Member[]
}
