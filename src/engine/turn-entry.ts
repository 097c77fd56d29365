import { messageOf, ProxyError } from "../domain/errors.ts"
import { newId } from "../domain/ids.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ClientRequest, TurnRequest } from "../domain/turn-request.ts"
import type { Agent, Claim, Member } from "./agents/agent.ts"
import { fitToAgent } from "./agents/agent-fit.ts"
import { agentFor, assertAgentOf } from "./agents/find-agent.ts"
import type { IdempotencyKey } from "./engine.ts"
import type { EngineOptions } from "./engine-options.ts"
import { endAsRestarted } from "./log/recover.ts"
import type { UnstoredEnds } from "./log/unstored-ends.ts"
import { findEarlierPast, storeWithPast } from "./plan/earlier-past.ts"
import type { PendingTurn } from "./plan/pending-turn.ts"
import type { Plan, PlanContext } from "./plan/plan.ts"
import { planBeginning, planTurn } from "./plan/plan-turn.ts"
import { finishedTurn, newRecord, storeTurn, toldRequest } from "./request/new-record.ts"
import { resolveRequest } from "./request/resolve-input.ts"
import type { ConversationTurns } from "./stored/conversation-turns.ts"
import type { LiveTurns } from "./turn/live-turns.ts"
import type { Parking } from "./turn/parking.ts"
import { RunningTurn } from "./turn/run-turn.ts"
import { rulesOf, type TurnRules } from "./turn/turn-context.ts"
import type { QueuePlace, Seat, TurnQueue } from "./turn/turn-queue.ts"

/** The turns of an engine, in whatever state they are. */
export interface Turns {
  readonly queue: TurnQueue
  readonly live: LiveTurns
  readonly parking: Parking
  readonly unstored: UnstoredEnds
  readonly conversations: ConversationTurns
}

/** A request that has a seat and an agent, on its way to be planned. */
interface Entering {
  readonly principal: string
  readonly agent: Agent
  readonly seat: Seat
  readonly request: TurnRequest
  readonly idempotency: IdempotencyKey | null
}

/** From request to turn: a seat, an agent, a plan, the ledger, a place in its thread's queue. */
export class TurnEntry {
  readonly #options: EngineOptions
  readonly #turns: Turns
  #planning: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: EngineOptions, turns: Turns) {
    this.#options = options
    this.#turns = turns
  }

  /** Nobody comes in any more. */
  close(): void {
    this.#isClosed = true
  }

  assertOpen(): void {
    if (!this.#isClosed) return
    // Nothing has run yet, so that trying again is right: not `agent_stopped`.
    throw new ProxyError("agent_unavailable", "The service is stopping. Try again when it is back.", {
      retryAfterSeconds: 5,
    })
  }

  memberFor(model: string): Member {
    const { roster, requests } = this.#options
    return agentFor(roster.members, model, requests.unknownModel)
  }

  async submit(
    principal: string,
    asked: ClientRequest,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveResponse> {
    const member = this.memberFor(asked.model)
    const due = this.#turns.parking.turnThatAwaits(principal, member.id, asked.input)
    const seat = this.#turns.queue.admit(principal, member.id, due)
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

  /** A turn of an earlier run that waited to begin takes its place in the queue again. */
  async resume(pending: PendingTurn): Promise<void> {
    const { store, roster, clock, log } = this.#options
    const { turnId, request, plan, record } = pending
    let place: QueuePlace | null = null
    let claim: Claim | null = null
    try {
      const member = roster.members.find(({ id }) => id === record.agentId)
      if (member === undefined) throw new ProxyError("model_not_found", `No agent '${record.agentId}'.`)
      claim = await member.claim()
      assertAgentOf({ ...plan.thread, agentId: record.agentId }, claim.agent.profile.identity)
      const rules = await rulesOf(request)
      place = this.#turns.queue.readmit(record.principal, member.id).enter(plan.thread.id)
      const turn = this.#begin(claim.agent, pending, rules, place, claim.agent.check())
      void turn.finished.finally(claim.release)
      log("info", "turn of an earlier run is queued again", { response: record.id })
    } catch (error) {
      place?.leave()
      claim?.release()
      log("warn", "turn of an earlier run cannot begin", { response: record.id, error: messageOf(error) })
      await endAsRestarted(store, { responseId: record.id, turnId, status: "queued" }, clock.now())
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
    const live = this.#enter({ principal, agent, seat, request, idempotency })
    void live.then((turn) => turn.finished).then(release, release)
    return live
  }

  async #enter(entering: Entering): Promise<LiveResponse> {
    const { principal, agent, request } = entering
    // Nobody else waits for that: it can take as long as a CLI takes to answer, or the service to
    // stop.
    const planOf = () => planTurn(request, this.#planContext(agent, principal))
    await findEarlierPast(request, agent, principal, this.#options.service, planOf)
    this.assertOpen()
    const context = this.#planContext(agent, principal)
    const beginning = await planBeginning(request, context)
    const work = () => this.#turns.live.entering(this.#planAndStore(entering, beginning, context))
    if (beginning !== null) return work()
    // One at a time: two requests after the same turn must not both take its thread for theirs.
    const plan = () => {
      const planned = this.#planning.then(work)
      this.#planning = planned.catch(() => {})
      return planned
    }
    const { conversationId } = request
    if (conversationId === null) return plan()
    return this.#turns.conversations.plan(principal, conversationId, agent.profile, plan)
  }

  async #planAndStore(
    entering: Entering,
    beginning: Plan | null,
    context: PlanContext,
  ): Promise<LiveResponse> {
    const { agent, request } = entering
    const rules = await rulesOf(request)
    const planned = beginning ?? (await planTurn(request, context))
    return storeWithPast(planned, request, agent, this.#options.service, (plan) =>
      this.#store(entering, plan, rules),
    )
  }

  async #store(
    { agent, seat, request, idempotency }: Entering,
    plan: Plan,
    rules: TurnRules,
  ): Promise<LiveResponse> {
    const { principal } = plan.thread
    agent.assertTakesTurns()
    // Nothing may be awaited between taking the place and storing the turn but the storing itself.
    const place = seat.enter(plan.thread.id)
    const isNext = place.isFirst && this.#turns.live.findTurn(plan.parentTurnId) === undefined
    // One that begins at once is stored as such, which saves a transaction; of a background one the
    // ledger has to know that it waits.
    const status = isNext && !request.isBackground ? "running" : "queued"
    const { store, clock } = this.#options
    const record = newRecord(principal, agent.profile.id, request, { createdAt: clock.now(), status })
    const pending: PendingTurn = { turnId: newId("turn_"), request, plan, record }
    try {
      this.assertOpen()
      if (request.keepsThread) await storeTurn(pending, idempotency, store, clock.ages.now())
    } catch (error) {
      place.leave()
      throw error
    }
    return this.#begin(agent, pending, rules, place)
  }

  #begin(
    agent: Agent,
    { request, plan, turnId, record }: PendingTurn,
    rules: TurnRules,
    place: QueuePlace,
    whenReady: Promise<unknown> | null = null,
  ): RunningTurn {
    const { store, roster, requests, limits, clock, service, log } = this.#options
    const { live, parking, unstored, conversations } = this.#turns
    const { input: _, ...asked } = request
    const turn = new RunningTurn(
      {
        turnId,
        record,
        plan,
        asked: { ...asked, effort: request.effort ?? agent.effort },
        remarks: toldRequest(request, { ...requests, roster }),
        agent,
        rules,
        shared: {
          store,
          parking,
          unstored,
          settings: limits.turn,
          serviceTools: service?.tools ?? null,
          now: clock.now,
          log,
        },
      },
      { place, parent: live.findTurn(plan.parentTurnId) ?? null, whenReady },
    )
    live.add(turn, request.conversationId)
    if (request.conversationId !== null) conversations.began(request.conversationId, turn)
    void turn.finished.then((finished) => {
      if (request.sideRequest === null)
        service?.onTurnFinished?.(finishedTurn(finished, request, plan.thread.id))
    })
    return turn
  }

  #planContext(agent: Agent, principal: string): PlanContext {
    const { store, clock, requests } = this.#options
    const { live, parking } = this.#turns
    return {
      store,
      owner: { principal, agent: agent.profile },
      sessions: requests.sessions,
      unsettled: {
        beginnings: (owner, keys) => live.beginnings(owner, keys),
        findUnstored: (owner, agentId, callIds) => parking.findUnstored(owner, agentId, callIds),
      },
      backend: agent.backend.kind,
      hidesItsWork: agent.capabilities?.hidesItsWork === true,
      now: clock.now(),
      age: clock.ages.now(),
    }
  }
}
