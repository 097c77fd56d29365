import type { AgentStatus } from "../domain/agents.ts"
import type { ConversationItem } from "../domain/conversations.ts"
import type { ProxyError } from "../domain/errors.ts"
import type { Item } from "../domain/items.ts"
import type { LaterPart } from "../domain/later-part.ts"
import { raceTimeout } from "../domain/race-timeout.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ResponseKind, ResponseRecord } from "../domain/responses.ts"
import type { ClientRequest } from "../domain/turn-request.ts"
import type { Member } from "./agents/agent.ts"
import { agentNamed, identityOf, isAgentGone, noAgent } from "./agents/find-agent.ts"
import { schemaWorker } from "./answer/schema-thread.ts"
import type { Completions, Conversations, Engine, IdempotencyKey, RefusedRequest, TurnNow } from "./engine.ts"
import type { EngineOptions } from "./engine-options.ts"
import { recoverUnfinished } from "./log/recover.ts"
import { UnstoredEnds } from "./log/unstored-ends.ts"
import { IdempotentRuns } from "./request/idempotency.ts"
import { refusedResponse } from "./request/new-record.ts"
import { resolveItems } from "./request/resolve-input.ts"
import { asToBeRun } from "./request/side-request.ts"
import { ConversationTurns } from "./stored/conversation-turns.ts"
import { LedgerConversations } from "./stored/conversations.ts"
import { sweep } from "./stored/retention.ts"
import { LedgerCompletions, StoredResponses } from "./stored/stored-responses.ts"
import { LiveTurns } from "./turn/live-turns.ts"
import { Parking } from "./turn/parking.ts"
import { TurnQueue } from "./turn/turn-queue.ts"
import { TurnEntry, type Turns } from "./turn-entry.ts"

/** Parts of the program that are brought into memory once the service is up. */
export const engineLaterParts: readonly LaterPart<unknown>[] = [schemaWorker]

const retentionSweepMs = 3_600_000

/** The one pipeline: request → plan → ledger → queue → run. `Engine` says what may be asked. */
export class AgentEngine implements Engine {
  readonly conversations: Conversations
  readonly completions: Completions
  readonly #options: EngineOptions
  readonly #turns: Turns
  readonly #entry: TurnEntry
  readonly #responses: StoredResponses
  readonly #idempotent: IdempotentRuns
  #sweep: NodeJS.Timeout | null = null

  constructor(options: EngineOptions) {
    this.#options = options
    const { store, roster, inputs, limits, clock, log } = options
    const [live, unstored] = [new LiveTurns(), new UnstoredEnds(store, log)]
    const [parking, conversations] = [new Parking(log), new ConversationTurns(store)]
    this.#turns = { queue: new TurnQueue(limits, limits.callers), live, parking, unstored, conversations }
    this.#entry = new TurnEntry(options, this.#turns)
    this.conversations = new LedgerConversations(
      store.conversations,
      conversations,
      (principal, items) => resolveItems(items, inputs, { principal, members: roster.members }),
      clock.now,
    )
    this.completions = new LedgerCompletions(store)
    const running = (id: string) => live.find(id) ?? unstored.find(id)
    this.#responses = new StoredResponses(store, parking, unstored, running)
    this.#idempotent = new IdempotentRuns({
      store,
      running,
      restored: this.#responses.restored,
      now: () => clock.ages.now(),
      members: () => roster.members,
    })
  }

  /** Ends or queues again what an earlier service left. Agents may still start: `submit` waits. */
  async start(): Promise<void> {
    const { store, clock, log } = this.#options
    for (const pending of await recoverUnfinished(store, clock.now(), log)) await this.#entry.resume(pending)
    this.#sweep = setInterval(() => void this.sweep(), retentionSweepMs)
    this.#sweep.unref()
  }

  /** Ends all turns of this agent, those that wait as well, as `agent_stopped`. */
  async endTurnsOf(agentId: string, message: string): Promise<void> {
    const turns = this.#turns.live.all.filter(({ record }) => record.agentId === agentId)
    for (const turn of turns) turn.abandon(message)
    await Promise.all([
      this.#turns.parking.evictAgent(agentId, message),
      ...turns.map((turn) => turn.finished),
    ])
  }

  /** Ends turns that wait for their clients: they go on from the ledger when outputs come. */
  endParkedOf(agentId: string): Promise<void> {
    return this.#turns.parking.evictAgent(agentId, "the agent is being replaced")
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
    this.#entry.assertOpen()
    const request = asToBeRun(
      asked,
      () => this.#statusOf(this.#entry.memberFor(asked.model)),
      this.#options.log,
    )
    if (idempotency === null) return this.#entry.submit(principal, request, null)
    return this.#idempotent.run({ ...idempotency, principal, isKept: request.keepsThread }, () =>
      this.#entry.submit(principal, request, idempotency),
    )
  }

  refused(principal: string, request: RefusedRequest, error: ProxyError): LiveResponse {
    return refusedResponse(principal, request, error, this.#options.clock.now())
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
    return this.#turns.live.runningOf(agentId)
  }

  async say(responseId: string, text: string, isFinal: boolean): Promise<boolean> {
    return (await this.#turns.live.find(responseId)?.say(text, isFinal)) ?? false
  }

  /** Running and waiting turns. */
  get turnCount(): number {
    return this.#turns.queue.total
  }

  /** Takes no more, waits for turns up to `drainMs`, ends the rest. Then the agents may stop. */
  async stop(drainMs: number): Promise<void> {
    this.#entry.close()
    if (this.#sweep !== null) clearInterval(this.#sweep)
    const turns = await this.#turns.live.settled()
    if (turns.length > 0) {
      const ended = Promise.all(turns.map((turn) => turn.finished))
      const drained = await raceTimeout(ended, drainMs)
      if (!drained) {
        for (const turn of turns) if (!turn.leave()) turn.abandon("The service is stopping.")
        await ended
      }
    }
    await this.#turns.parking.stop()
    await this.#turns.unstored.stop()
  }

  #statusOf(member: Member): AgentStatus {
    return member.status(this.#turns.queue.countOf(member.id))
  }
}
