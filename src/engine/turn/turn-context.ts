import type { MessageItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { ServiceTools } from "../../domain/service-tools.ts"
import type { Store } from "../../domain/store.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"
import type { Agent } from "../agents/agent.ts"
import { AnswerRules } from "../answer/answer-rules.ts"
import type { UnstoredEnds } from "../log/unstored-ends.ts"
import type { Plan } from "../plan/plan.ts"
import { FunctionGate } from "./function-gate.ts"
import type { Parking } from "./parking.ts"

/** One turn, with all that it takes to run it: made once, and passed on whole. */
export interface TurnContext {
  readonly turnId: string
  /** As stored when it was entered. */
  readonly record: ResponseRecord
  readonly plan: Plan
  /** What its client asks; the input is in the plan. */
  readonly asked: Omit<TurnRequest, "input">
  /** Said right before new messages of the client's; not stored. */
  readonly remarks: readonly MessageItem[]
  readonly agent: Agent
  readonly rules: TurnRules
  readonly shared: SharedByTurns
}

/** What all turns have in common. */
export interface SharedByTurns {
  readonly store: Store
  readonly parking: Parking
  readonly unstored: UnstoredEnds
  readonly settings: TurnSettings
  /** Tools that agents get from us; null: none. */
  readonly serviceTools: ServiceTools | null
  readonly now: () => number
  readonly log: Log
}

export interface TurnSettings {
  readonly turnMs: number
  readonly silenceMs: number
  readonly reconnectMs: number
  /** How long the CLI may take to confirm an interrupt before the turn is given up. */
  readonly interruptMs: number
  /** Texts of one turn, in UTF-16 units. */
  readonly maxCharacters: number
  /** How long a turn may wait for the outputs of its client's functions. */
  readonly parkMs: number
}

/** What a client demands of a turn that agents know nothing of: held by us. */
export interface TurnRules {
  readonly gate: FunctionGate
  readonly answer: AnswerRules
}

/** Rejects with `invalid_request` when one of the request's schemas is none. */
export async function rulesOf(request: TurnRequest): Promise<TurnRules> {
  return {
    gate: await FunctionGate.create(request.tools, request.functionChoice, request.toolPaths),
    answer: await AnswerRules.create(request),
  }
}
