import type { TurnRequest } from "../../domain/turn-request.ts"
import { AnswerRules } from "../answer/answer-rules.ts"
import { FunctionGate } from "./function-gate.ts"

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
