import type { Log } from "../domain/log.ts"
import type { ServiceTools } from "../domain/service-tools.ts"
import type { Store } from "../domain/store.ts"
import type { AgentRoster } from "./agents/agent.ts"
import type { AgeClock } from "./log/age-clock.ts"
import type { FinishedTurn } from "./log/finished-turn.ts"
import type { EarlierPast } from "./plan/earlier-past.ts"
import type { InputSources } from "./request/input-resolver.ts"
import type { TurnSettings } from "./turn/run-turn.ts"

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
