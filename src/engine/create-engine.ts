import type { AgentStatus } from "../domain/agents.ts"
import type { Readiness } from "../domain/backend.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import { newId } from "../domain/ids.ts"
import type { Log } from "../domain/log.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ResponseKind, ResponseRecord } from "../domain/responses.ts"
import type { Store } from "../domain/store.ts"
import type { TurnRequest } from "../domain/turn-request.ts"
import type { Agent } from "./agent.ts"
import type { Engine } from "./engine.ts"
import { FunctionGate } from "./function-gate.ts"
import { noLedger } from "./ledger.ts"
import { Parking } from "./parking.ts"
import { needsLookup, type Plan, planTurn } from "./plan.ts"
import { recoverUnfinished } from "./recover.ts"
import { deleteExpired } from "./retention.ts"
import { RunningTurn, type TurnSettings } from "./run-turn.ts"
import { TurnQueue } from "./turn-queue.ts"

export interface EngineOptions {
  readonly store: Store
  /** The manager first. */
  readonly agents: readonly Agent[]
  readonly sessions: "separate" | "shared"
  readonly unknownModel: "manager" | "error"
  /** Model name for the CLI; null: the CLI's own. */
  readonly model: string | null
  readonly limits: {
    readonly turnsPerAgent: number
    readonly turnsTotal: number
    readonly retentionDays: number
  }
  readonly settings: TurnSettings
  readonly now: () => number
  readonly log: Log
}

const retentionSweepMs = 3_600_000

/** The one pipeline: request → plan → ledger → queue → run. See `Engine` for what callers may ask. */
export class AgentEngine implements Engine {
  readonly #options: EngineOptions
  readonly #queue: TurnQueue
  readonly #live = new Map<string, RunningTurn>()
  readonly #parking: Parking
  #planning: Promise<unknown> = Promise.resolve()
  #sweep: NodeJS.Timeout | null = null
  #isStopping = false

  constructor(options: EngineOptions) {
    this.#options = options
    this.#queue = new TurnQueue(options.limits)
    this.#parking = new Parking(options.log)
  }

  /**
   * Ends what an earlier service left unfinished, then starts the agents. Resolves at once after the first, so that a
   * slow CLI does not keep the service from answering; `submit` waits for its agent.
   */
  async start(): Promise<{ readonly managerReadiness: Promise<Readiness> }> {
    const { store, agents, now, log } = this.#options
    await recoverUnfinished(store, now(), log)
    const [manager, ...others] = agents.map((agent) => agent.start())
    if (manager === undefined) throw new Error("an engine needs at least the manager")
    void Promise.all(others)
    this.#sweep = setInterval(() => void this.#deleteExpired(), retentionSweepMs)
    this.#sweep.unref()
    void manager.then(() => this.#deleteExpired())
    return { managerReadiness: manager }
  }

  async submit(principal: string, request: TurnRequest): Promise<LiveResponse> {
    this.#assertRunning()
    const agent = this.#agentFor(request.model)
    this.#queue.assertRoom(agent.profile.id)
    await agent.assertReady()
    const work = () => this.#planAndStore(agent, principal, request)
    if (!needsLookup(request, this.#options.sessions)) return work()
    // One at a time: two requests after the same turn must not both take its thread for theirs.
    const planned = this.#planning.then(work)
    this.#planning = planned.catch(() => {})
    return planned
  }

  async retrieve(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord> {
    const live = this.#live.get(id)?.record
    const record =
      live?.principal === principal && live.isStored
        ? live
        : await this.#options.store.findResponse(principal, id)
    if (record === null || record.kind !== kind) throw notFound(id)
    return record
  }

  async remove(principal: string, kind: ResponseKind, id: string): Promise<void> {
    const live = this.#live.get(id)
    if (live?.record.principal === principal && live.record.kind === kind && live.record.isStored) {
      live.cancel()
      await live.finished
    }
    if (!(await this.#options.store.deleteResponse(principal, kind, id))) throw notFound(id)
  }

  agents(): readonly AgentStatus[] {
    return this.#options.agents.map((agent) => this.#statusOf(agent))
  }

  findAgent(model: string): AgentStatus | null {
    const agent = this.#agentNamed(model)
    return agent === null ? null : this.#statusOf(agent)
  }

  /** Running and waiting turns. */
  get turnCount(): number {
    return this.#queue.total
  }

  /** Takes no more work, waits for running turns up to `drainMs`, ends the rest, stops the agents. Safe twice. */
  async stop(drainMs: number): Promise<void> {
    this.#isStopping = true
    if (this.#sweep !== null) clearInterval(this.#sweep)
    const turns = [...this.#live.values()]
    if (turns.length > 0) {
      const ended = Promise.all(turns.map((turn) => turn.finished))
      const drained = await raceTimeout(ended, drainMs)
      if (!drained) {
        for (const turn of turns) turn.abandon("The service is stopping.")
        await ended
      }
    }
    await this.#parking.stop()
    await Promise.all(this.#options.agents.map((agent) => agent.stop()))
  }

  async #planAndStore(agent: Agent, principal: string, request: TurnRequest): Promise<LiveResponse> {
    const { store, now, sessions } = this.#options
    const gate = await FunctionGate.create(request.tools, request.functionChoice)
    const plan = await planTurn(request, {
      store,
      principal,
      agentId: agent.profile.id,
      backend: agent.backend.kind,
      sessions,
      findParked: (hash, key) => this.#parking.findUnstored(principal, hash, key),
      now: now(),
    })
    const record = this.#newRecord(principal, agent, request)
    const turnId = newId("turn_")
    // Nothing may be awaited between taking the place and storing the turn but the storing itself.
    const place = this.#queue.enter(agent.profile.id, plan.thread.id)
    try {
      this.#assertRunning()
      if (request.keepsThread) await this.#storeTurn(plan, turnId, record)
    } catch (error) {
      place.leave()
      throw error
    }
    const turn = new RunningTurn({
      base: plan.fork === null ? null : (this.#live.get(plan.fork.turn.responseId)?.finished ?? null),
      agent,
      plan,
      turnId,
      record,
      input: { model: this.#options.model, effort: request.effort, outputSchema: request.outputSchema },
      tools: request.tools,
      gate,
      allowsParallelCalls: request.allowsParallelCalls,
      parking: this.#parking,
      place,
      store,
      ledger: request.keepsThread ? store : noLedger,
      settings: this.#options.settings,
      now,
      log: this.#options.log,
    })
    this.#live.set(record.id, turn)
    void turn.finished.finally(() => this.#live.delete(record.id))
    return turn
  }

  async #storeTurn(plan: Plan, turnId: string, record: ResponseRecord): Promise<void> {
    await this.#options.store.insertTurn(
      { ...plan.thread, headTurnId: turnId },
      {
        id: turnId,
        threadId: plan.thread.id,
        responseId: record.id,
        parentTurnId: plan.parentTurnId,
        nativeRef: null,
        input: [...plan.clientHistory, ...plan.added],
        historyHash: null,
        createdAt: record.createdAt,
      },
      record,
    )
  }

  #newRecord(principal: string, agent: Agent, request: TurnRequest): ResponseRecord {
    return {
      id: newId(request.kind === "chat" ? "chatcmpl-" : "resp_"),
      kind: request.kind,
      principal,
      agentId: agent.profile.id,
      previousResponseId: request.previousResponseId,
      isStored: request.isStored,
      echo: request.echo,
      createdAt: this.#options.now(),
      status: "queued",
      completedAt: null,
      error: null,
      usage: null,
      output: [],
    }
  }

  #agentFor(model: string): Agent {
    const named = this.#agentNamed(model)
    if (named !== null) return named
    const manager = this.#options.agents[0]
    if (manager !== undefined && this.#options.unknownModel === "manager") return manager
    throw new ProxyError(
      "model_not_found",
      `The model '${model.slice(0, 100)}' is not an agent of this service. GET /v1/models lists them.`,
      { param: "model" },
    )
  }

  /** By id, or by a bare name that only one agent has. */
  #agentNamed(model: string): Agent | null {
    const { agents } = this.#options
    const byId = agents.find((agent) => agent.profile.id === model)
    if (byId !== undefined) return byId
    const byName = agents.filter((agent) => agent.profile.name === model)
    return byName.length === 1 ? (byName[0] ?? null) : null
  }

  #statusOf(agent: Agent): AgentStatus {
    return agent.status(Math.max(0, this.#queue.countOf(agent.profile.id) - agent.runningTurns))
  }

  #assertRunning(): void {
    if (this.#isStopping) {
      // Nothing has run yet, so that trying again is right: not `agent_stopped`.
      throw new ProxyError("agent_not_ready", "The service is stopping. Try again when it is back.", {
        retryAfterSeconds: 5,
      })
    }
  }

  async #deleteExpired(): Promise<void> {
    const { store, agents, limits, now, log } = this.#options
    if (limits.retentionDays === 0) return
    try {
      await deleteExpired(store, agents, now() - limits.retentionDays * 86_400_000, log)
    } catch (error) {
      log("info", "deleting old threads failed", { error: messageOf(error) })
    }
  }
}

function notFound(id: string): ProxyError {
  return new ProxyError("response_not_found", `Response with id '${id.slice(0, 100)}' not found.`)
}

/** False when the time ran out first. */
async function raceTimeout(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const isDone = await Promise.race([work.then(() => true), timeout])
  clearTimeout(timer)
  return isDone
}
