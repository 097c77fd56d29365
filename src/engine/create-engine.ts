import type { AgentStatus } from "../domain/agents.ts"
import type { ConversationItem } from "../domain/conversations.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import { newId } from "../domain/ids.ts"
import type { Item } from "../domain/items.ts"
import type { LaterPart } from "../domain/later-part.ts"
import type { Log } from "../domain/log.ts"
import { raceTimeout } from "../domain/race-timeout.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ResponseKind, ResponseRecord } from "../domain/responses.ts"
import type { ServiceTools } from "../domain/service-tools.ts"
import type { Store } from "../domain/store.ts"
import type { ClientRequest, TurnRequest } from "../domain/turn-request.ts"
import type { Agent, AgentRoster, Claim, Member } from "./agents/agent.ts"
import { fitToAgent } from "./agents/agent-fit.ts"
import { agentFor, agentNamed, assertAgentOf, identityOf, isAgentGone, noAgent } from "./agents/find-agent.ts"
import { schemaWorker } from "./answer/schema-thread.ts"
import type {
  Completions,
  Conversations,
  EarlierPast,
  Engine,
  FinishedTurn,
  IdempotencyKey,
  RefusedRequest,
  TurnNow,
} from "./engine.ts"
import type { AgeClock } from "./log/age-clock.ts"
import { noLedger } from "./log/ledger.ts"
import { endAsRestarted, recoverUnfinished } from "./log/recover.ts"
import { UnstoredEnds } from "./log/unstored-ends.ts"
import { findEarlierPast, storeWithPast } from "./plan/earlier-past.ts"
import type { PendingTurn } from "./plan/pending-turn.ts"
import type { Plan, PlanContext, UnsettledTurns } from "./plan/plan.ts"
import { planBeginning, planTurn } from "./plan/plan-turn.ts"
import { IdempotentRuns } from "./request/idempotency.ts"
import type { InputSources } from "./request/input-resolver.ts"
import { finishedTurn, newRecord, refusedResponse, storeTurn, toldRequest } from "./request/new-record.ts"
import { resolveItems, resolveRequest } from "./request/resolve-input.ts"
import { asToBeRun } from "./request/side-request.ts"
import { ConversationTurns } from "./stored/conversation-turns.ts"
import { LedgerConversations } from "./stored/conversations.ts"
import { sweep } from "./stored/retention.ts"
import { LedgerCompletions, StoredResponses } from "./stored/stored-responses.ts"
import { LiveTurns } from "./turn/live-turns.ts"
import { Parking } from "./turn/parking.ts"
import type { TurnSettings } from "./turn/run-turn.ts"
import { RunningTurn } from "./turn/run-turn.ts"
import { type QueuePlace, type Seat, TurnQueue } from "./turn/turn-queue.ts"
import { rulesOf, type TurnRules } from "./turn/turn-rules.ts"
import { callingTurn } from "./turn/turn-tools.ts"

/** Parts of the program that are brought into memory once the service is up. */
export const engineLaterParts: readonly LaterPart<unknown>[] = [schemaWorker]

/** What the engine is made of. */
export interface EngineOptions {
  readonly store: Store
  readonly roster: AgentRoster
  readonly sessions: "separate" | "shared"
  readonly unknownModel: "manager" | "error"
  /** See `toldRequest`; default: nothing is told. */
  readonly tellsMetadata?: boolean
  readonly limits: {
    readonly turnsPerAgent: number
    readonly turnsTotal: number
    readonly retentionDays: number
  }
  /** Principals that can ask for turns: as long as it is one, nothing is kept for others. */
  readonly callers: number
  readonly settings: TurnSettings
  readonly inputs: InputSources
  readonly earlierPast?: EarlierPast | undefined
  /** Tools that agents get from us; null: none. */
  readonly serviceTools?: ServiceTools | null
  readonly now: () => number
  readonly ages: AgeClock
  readonly log: Log
  /** Called once for each turn that is over, those of front ends beside the talk left out. Must not throw. */
  readonly onTurnFinished?: (turn: FinishedTurn) => void
}

const retentionSweepMs = 3_600_000

/** The one pipeline: request → plan → ledger → queue → run. See `Engine` for what callers may ask. */
export class AgentEngine implements Engine {
  readonly conversations: Conversations
  readonly completions: Completions
  readonly #options: EngineOptions
  readonly #queue: TurnQueue
  readonly #live = new LiveTurns()
  readonly #unstored: UnstoredEnds
  readonly #parking: Parking
  readonly #unsettled: UnsettledTurns
  readonly #responses: StoredResponses
  readonly #idempotent: IdempotentRuns
  readonly #conversationTurns: ConversationTurns
  #planning: Promise<unknown> = Promise.resolve()
  #sweep: NodeJS.Timeout | null = null
  #isStopping = false

  constructor(options: EngineOptions) {
    this.#options = options
    this.#queue = new TurnQueue(options.limits, options.callers)
    this.#parking = new Parking(options.log)
    this.#unsettled = {
      beginnings: (owner, keys) => this.#live.beginnings(owner, keys),
      findUnstored: (principal, agentId, callIds) => this.#parking.findUnstored(principal, agentId, callIds),
    }
    this.#unstored = new UnstoredEnds(options.store, options.log)
    this.#conversationTurns = new ConversationTurns(options.store)
    this.conversations = new LedgerConversations(
      options.store.conversations,
      this.#conversationTurns,
      (principal, items) =>
        resolveItems(items, options.inputs, { principal, members: options.roster.members }),
      options.now,
    )
    this.completions = new LedgerCompletions(options.store)
    const running = (id: string) => this.#live.find(id) ?? this.#unstored.find(id)
    const { store, ages, roster } = options
    this.#responses = new StoredResponses(store, this.#parking, this.#unstored, running)
    this.#idempotent = new IdempotentRuns({
      store,
      running,
      restored: this.#responses.restored,
      now: () => ages.now(),
      members: () => roster.members,
    })
  }

  /** Ends what an earlier service left unfinished, or queues it again. The agents may still be starting: `submit` waits. */
  async start(): Promise<void> {
    const { store, now, log } = this.#options
    for (const pending of await recoverUnfinished(store, now(), log)) await this.#resume(pending)
    this.#sweep = setInterval(() => void this.sweep(), retentionSweepMs)
    this.#sweep.unref()
  }

  /** Ends all turns of this agent, those that wait as well, as `agent_stopped`. */
  async endTurnsOf(agentId: string, message: string): Promise<void> {
    const turns = this.#live.all.filter(({ record }) => record.agentId === agentId)
    for (const turn of turns) turn.abandon(message)
    await Promise.all([this.#parking.evictAgent(agentId, message), ...turns.map((turn) => turn.finished)])
  }

  /** Ends the turns of this agent that wait for their clients: they go on from the ledger when the outputs come. */
  endParkedOf(agentId: string): Promise<void> {
    return this.#parking.evictAgent(agentId, "the agent is being replaced")
  }

  /** What is too old is deleted; it is also done from time to time. */
  sweep(): Promise<void> {
    return sweep(this.#options)
  }

  async submit(
    principal: string,
    asked: ClientRequest,
    idempotency: IdempotencyKey | null = null,
  ): Promise<LiveResponse> {
    this.#assertRunning()
    const request = asToBeRun(asked, () => this.#statusOf(this.#memberFor(asked.model)), this.#options.log)
    if (idempotency === null) return this.#submit(principal, request, null)
    return this.#idempotent.run({ ...idempotency, principal, isKept: request.keepsThread }, () =>
      this.#submit(principal, request, idempotency),
    )
  }

  async #submit(
    principal: string,
    asked: ClientRequest,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveResponse> {
    const member = this.#memberFor(asked.model)
    const due = this.#parking.turnThatAwaits(principal, member.id, asked.input)
    const seat = this.#queue.admit(principal, member.id, due)
    try {
      const claim = await member.claim()
      const live = this.#submitTo(claim, seat, principal, asked, idempotency)
      void live.then((turn) => turn.finished).then(claim.release, claim.release)
      return await live
    } catch (error) {
      seat.leave()
      throw error
    }
  }

  async #submitTo(
    { agent }: Claim,
    seat: Seat,
    principal: string,
    asked: ClientRequest,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveResponse> {
    await agent.assertReady()
    const clientRequest = fitToAgent(asked, agent)
    const { request, release } = await resolveRequest(clientRequest, this.#options.inputs, {
      principal,
      workspace: agent.profile.workspace,
      planOf: (draft) => planTurn(draft, this.#planContext(agent, principal)),
    })
    const live = this.#enter(agent, seat, principal, request, idempotency)
    void live.then((turn) => turn.finished).then(release, release)
    return live
  }

  async #enter(
    agent: Agent,
    seat: Seat,
    principal: string,
    request: TurnRequest,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveResponse> {
    // Nobody else waits for that: it can take as long as a CLI takes to answer, or the service to stop.
    const planOf = () => planTurn(request, this.#planContext(agent, principal))
    await findEarlierPast(request, agent, principal, this.#options, planOf)
    this.#assertRunning()
    const context = this.#planContext(agent, principal)
    const beginning = await planBeginning(request, context)
    const work = () =>
      this.#live.entering(this.#planAndStore(agent, seat, request, beginning, context, idempotency))
    if (beginning !== null) return work()
    // One at a time: two requests after the same turn must not both take its thread for theirs.
    const plan = () => {
      const planned = this.#planning.then(work)
      this.#planning = planned.catch(() => {})
      return planned
    }
    const { conversationId } = request
    if (conversationId === null) return plan()
    return this.#conversationTurns.plan(principal, conversationId, agent.profile, plan)
  }

  refused(principal: string, request: RefusedRequest, error: ProxyError): LiveResponse {
    return refusedResponse(principal, request, error, this.#options.now())
  }

  retrieve(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord> {
    return this.#responses.retrieve(principal, kind, id)
  }

  reopen(principal: string, kind: ResponseKind, id: string): Promise<LiveResponse> {
    return this.#responses.reopen(principal, kind, id)
  }

  cancel(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord> {
    return this.#responses.cancel(principal, kind, id)
  }

  inputItems(principal: string, kind: ResponseKind, id: string): Promise<readonly Item[]> {
    return this.#responses.inputItems(principal, kind, id)
  }

  findItems(principal: string, ids: readonly string[]): Promise<readonly ConversationItem[]> {
    return this.#options.store.findOutputItems(principal, ids)
  }

  remove(principal: string, kind: ResponseKind, id: string): Promise<void> {
    return this.#responses.remove(principal, kind, id)
  }

  agents(): readonly AgentStatus[] {
    return this.#options.roster.members.map((member) => this.#statusOf(member))
  }

  findAgent(model: string): AgentStatus | null {
    const member = agentNamed(this.#options.roster.members, model)
    return member === null ? null : this.#statusOf(member)
  }

  agentCalled(name: string, code: "model_not_found" | "agent_not_found", param: string): AgentStatus {
    const status = this.findAgent(name)
    if (status === null) throw noAgent(this.#options.roster.members, name, code, param)
    return status
  }

  isAgentGone(answer: Pick<ResponseRecord, "id" | "agentId">): Promise<boolean> {
    return isAgentGone(answer, this.#options.roster.members, this.#options.store)
  }

  identityOf(agentId: string): string | null {
    return identityOf(this.#options.roster.members, agentId)
  }

  runningTurns(agentId: string): readonly TurnNow[] {
    return this.#live.runningOf(agentId)
  }

  async say(responseId: string, text: string, isFinal: boolean): Promise<boolean> {
    return (await this.#live.find(responseId)?.say(text, isFinal)) ?? false
  }

  /** Running and waiting turns. */
  get turnCount(): number {
    return this.#queue.total
  }

  /** Takes no more work, waits for running turns up to `drainMs`, ends the rest. The agents are to be stopped afterwards. Safe twice. */
  async stop(drainMs: number): Promise<void> {
    this.#isStopping = true
    if (this.#sweep !== null) clearInterval(this.#sweep)
    const turns = await this.#live.settled()
    if (turns.length > 0) {
      const ended = Promise.all(turns.map((turn) => turn.finished))
      const drained = await raceTimeout(ended, drainMs)
      if (!drained) {
        for (const turn of turns) if (!turn.leave()) turn.abandon("The service is stopping.")
        await ended
      }
    }
    await this.#parking.stop()
    await this.#unstored.stop()
  }

  async #planAndStore(
    agent: Agent,
    seat: Seat,
    request: TurnRequest,
    beginning: Plan | null,
    context: PlanContext,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveResponse> {
    const rules = await rulesOf(request)
    const planned = beginning ?? (await planTurn(request, context))
    return storeWithPast(planned, request, agent, this.#options, (plan) =>
      this.#store(agent, seat, request, plan, rules, idempotency),
    )
  }

  async #store(
    agent: Agent,
    seat: Seat,
    request: TurnRequest,
    plan: Plan,
    rules: TurnRules,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveResponse> {
    const { principal } = plan.thread
    agent.assertTakesTurns()
    // Nothing may be awaited between taking the place and storing the turn but the storing itself.
    const place = seat.enter(plan.thread.id)
    const isNext = place.isFirst && this.#live.findTurn(plan.parentTurnId) === undefined
    // One that begins at once is stored as such, which saves a transaction; of a background one the ledger has to know that it waits.
    const status = isNext && !request.isBackground ? "running" : "queued"
    const record = newRecord(principal, agent.profile.id, request, { createdAt: this.#options.now(), status })
    const pending: PendingTurn = { turnId: newId("turn_"), request, plan, record }
    try {
      this.#assertRunning()
      if (request.keepsThread) await storeTurn(pending, idempotency, this.#options)
    } catch (error) {
      place.leave()
      throw error
    }
    return this.#begin(agent, pending, rules, place)
  }

  #planContext(agent: Agent, principal: string): PlanContext {
    const { store, now, ages, sessions } = this.#options
    const asked = { store, principal, sessions, unsettled: this.#unsettled }
    return {
      ...asked,
      agent: agent.profile,
      backend: agent.backend.kind,
      hidesItsWork: agent.capabilities?.hidesItsWork === true,
      now: now(),
      age: ages.now(),
    }
  }

  #begin(
    agent: Agent,
    { request, plan, turnId, record }: PendingTurn,
    rules: TurnRules,
    place: QueuePlace,
    whenReady: Promise<unknown> | null = null,
  ): RunningTurn {
    const { store, now } = this.#options
    const turn = new RunningTurn({
      parent: this.#live.findTurn(plan.parentTurnId) ?? null,
      whenReady,
      agent,
      plan,
      turnId,
      record,
      input: { model: agent.model, effort: request.effort ?? agent.effort },
      told: toldRequest(request, this.#options),
      tools: request.tools,
      serviceTools: this.#options.serviceTools ?? null,
      calling: callingTurn(agent.profile, request, plan.thread, record),
      ...rules,
      sideRequest: request.sideRequest,
      allowsParallelCalls: request.allowsParallelCalls,
      parking: this.#parking,
      place,
      store,
      ledger: request.keepsThread ? store : noLedger,
      unstored: this.#unstored,
      settings: this.#options.settings,
      now,
      log: this.#options.log,
    })
    this.#live.add(turn, request.conversationId)
    if (request.conversationId !== null) this.#conversationTurns.began(request.conversationId, turn)
    void turn.finished.then((finished) => {
      if (request.sideRequest === null)
        this.#options.onTurnFinished?.(finishedTurn(finished, request, plan.thread.id))
    })
    return turn
  }

  /** A turn of an earlier run that waited to begin takes its place in the queue again. */
  async #resume(pending: PendingTurn): Promise<void> {
    const { store, roster, now, log } = this.#options
    const { turnId, request, plan, record } = pending
    let place: QueuePlace | null = null
    let claim: Claim | null = null
    try {
      const member = roster.members.find(({ id }) => id === record.agentId)
      if (member === undefined) throw new ProxyError("model_not_found", `No agent '${record.agentId}'.`)
      claim = await member.claim()
      assertAgentOf({ ...pending.plan.thread, agentId: pending.record.agentId }, claim.agent.profile.identity)
      const rules = await rulesOf(request)
      place = this.#queue.readmit(record.principal, member.id).enter(plan.thread.id)
      const turn = this.#begin(claim.agent, pending, rules, place, claim.agent.check())
      void turn.finished.finally(claim.release)
      log("info", "turn of an earlier run is queued again", { response: record.id })
    } catch (error) {
      place?.leave()
      claim?.release()
      log("warn", "turn of an earlier run cannot begin", { response: record.id, error: messageOf(error) })
      await endAsRestarted(store, { responseId: record.id, turnId, status: "queued" }, now())
    }
  }

  #memberFor(model: string): Member {
    const { roster, unknownModel } = this.#options
    return agentFor(roster.members, model, unknownModel)
  }

  #statusOf(member: Member): AgentStatus {
    return member.status(this.#queue.countOf(member.id))
  }

  #assertRunning(): void {
    if (!this.#isStopping) return
    // Nothing has run yet, so that trying again is right: not `agent_stopped`.
    throw new ProxyError("agent_unavailable", "The service is stopping. Try again when it is back.", {
      retryAfterSeconds: 5,
    })
  }
}
