import type { AgentStatus } from "../domain/agents.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ResponseKind, ResponseRecord } from "../domain/responses.ts"
import type { TurnRequest } from "../domain/turn-request.ts"

/** What the outside (http, cli, connectors) may ask of the engine. */
export interface Engine {
  /**
   * Plans, stores and queues a turn; resolves as soon as the queued turn is in the ledger. Rejects with `ProxyError`
   * (`model_not_found`, `previous_response_not_found`, `agent_not_ready`, `queue_full`, `agent_stopped`, ...).
   */
  submit(principal: string, request: TurnRequest): Promise<LiveResponse>
  /** A stored response of this principal and kind, running ones included; rejects with `response_not_found`. */
  retrieve(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord>
  /** Rejects with `response_not_found`, also the second time. A running turn is cancelled first. */
  remove(principal: string, kind: ResponseKind, id: string): Promise<void>
  /** All agents, the manager first. From memory: cheap enough for `GET /v1/models` and the status page. */
  agents(): readonly AgentStatus[]
  /** Looks an agent up by the `model` of a request as `submit` would, without the manager-first rule; null: none. */
  findAgent(model: string): AgentStatus | null
}
