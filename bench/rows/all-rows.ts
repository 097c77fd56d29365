import type { BenchContext } from "../bench-context.ts"
import type { Row } from "../result.ts"
import { measureAgentClis } from "./agent-clis.ts"
import { measureColdExec } from "./cold-exec.ts"
import { measureConversation } from "./conversation.ts"
import { measureFunctionRoundTrip } from "./function-round-trip.ts"
import { measureIdle } from "./idle.ts"
import { measureLongStream } from "./long-stream.ts"
import { measureManyStreams } from "./many-streams.ts"
import { measureRealCodex } from "./real-codex.ts"
import { measureReplay } from "./replay.ts"
import { measureWarmTurn } from "./warm-turn.ts"

/** What `--only` takes; each measures one or more rows in one go. */
export const measurements: Readonly<Record<string, (context: BenchContext) => Promise<Row[]>>> = {
  "warm-turn": measureWarmTurn,
  "cold-exec": measureColdExec,
  "real-codex": measureRealCodex,
  "agent-clis": measureAgentClis,
  streams: measureManyStreams,
  deltas: measureLongStream,
  replay: measureReplay,
  function: measureFunctionRoundTrip,
  idle: measureIdle,
  "turn-1000": measureConversation,
}
