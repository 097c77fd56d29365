import type { Log } from "../domain/log.ts"
import type { ServiceTools } from "../domain/service-tools.ts"
import type { Store } from "../domain/store.ts"
import type { AgentRoster } from "./agents/agent.ts"
import type { EarlierPast, FinishedTurn } from "./engine.ts"
import type { AgeClock } from "./log/age-clock.ts"
import type { InputSources } from "./request/input-resolver.ts"
import type { TurnSettings } from "./turn/turn-context.ts"

/** What the engine is made of. */
export interface EngineOptions {
  readonly store: Store
  readonly roster: AgentRoster
  /** Where what a request names is found: files, pictures, addresses. */
  readonly inputs: InputSources
  readonly requests: {
    readonly sessions: "separate" | "shared"
    readonly unknownModel: "manager" | "error"
    /** See `toldRequest`; default: nothing is told. */
    readonly tellsMetadata?: boolean
  }
  readonly limits: {
    readonly turnsPerAgent: number
    readonly turnsTotal: number
    readonly retentionDays: number
    /** Principals that can ask for turns: as long as it is one, nothing is kept for others. */
    readonly callers: number
    readonly turn: TurnSettings
  }
  readonly clock: {
    /** The machine's time, in milliseconds since 1970. */
    readonly now: () => number
    readonly ages: AgeClock
  }
  /** What the service around it adds. */
  readonly service?: {
    /** Tools that agents get from us. */
    readonly tools?: ServiceTools
    readonly earlierPast?: EarlierPast | undefined
    /** Once for each turn that is over, but not for those beside the talk. Must not throw. */
    readonly onTurnFinished?: (turn: FinishedTurn) => void
  }
  readonly log: Log
}
