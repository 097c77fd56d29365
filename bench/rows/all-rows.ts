import type { MeasurementGroup } from "../measurement.ts"
import { measureAgentClis } from "./agent-clis.ts"
import { measureAllocations } from "./allocations.ts"
import { measureBackgroundTurn } from "./background-turn.ts"
import { measureColdExec } from "./cold-exec.ts"
import { measureConversation } from "./conversation.ts"
import { measureFunctionRoundTrip } from "./function-round-trip.ts"
import { measureIdle } from "./idle.ts"
import { measureLongHistory } from "./long-history.ts"
import { measureLongStream } from "./long-stream.ts"
import { measureManyStreams } from "./many-streams.ts"
import { measurePlanning } from "./planning.ts"
import { measureRealCodex } from "./real-codex.ts"
import { measureReplay } from "./replay.ts"
import { measureStalledReaders } from "./stalled-readers.ts"
import { measureWarmTurn } from "./warm-turn.ts"

/** What `--only` takes; each makes one or more rows. */
export const measurements: Readonly<Record<string, MeasurementGroup>> = {
  "warm-turn": measureWarmTurn,
  "cold-exec": measureColdExec,
  "real-codex": measureRealCodex,
  "agent-clis": measureAgentClis,
  background: measureBackgroundTurn,
  streams: measureManyStreams,
  allocations: measureAllocations,
  deltas: measureLongStream,
  replay: measureReplay,
  readers: measureStalledReaders,
  function: measureFunctionRoundTrip,
  idle: measureIdle,
  "turn-1000": measureConversation,
  planning: measurePlanning,
  history: measureLongHistory,
}
