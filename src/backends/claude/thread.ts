import type { FunctionTool, HistoryTurn, ThreadOptions, ThreadRef } from "../../domain/backend.ts"
import type { HandedChannel } from "../kit/functions/handed-functions.ts"
import type { LaunchProfile, SessionStart } from "./launch-arguments.ts"
import type { ClaudeProcess } from "./process.ts"
import type { ThreadRecord } from "./thread-record.ts"
import type { ClaudeTurn } from "./turn.ts"

/** A warm process and what it was started with. */
export interface WarmProcess {
  readonly process: ClaudeProcess
  readonly profile: LaunchProfile
}

/** A thread that is in use, or was since it was opened. */
export interface ClaudeThread {
  /** Also the id of claude's session. */
  readonly ref: ThreadRef
  readonly record: ThreadRecord
  readonly isEphemeral: boolean
  tools: readonly FunctionTool[]
  /** What the session is to be told before its first turn. */
  history: readonly HistoryTurn[]
  start: SessionStart
  /** claude has the session, and we have noted it. */
  isRecorded: boolean
  channel: HandedChannel | null
  warm: WarmProcess | null
  turn: ClaudeTurn | null
  /** Resolves when the turn is over that claude has begun by itself. */
  uninvited: PromiseWithResolvers<void> | null
  /** Ends the process of an unused thread. */
  idleTimer: NodeJS.Timeout | null
}

export function newThread(ref: ThreadRef, options: ThreadOptions, start: SessionStart): ClaudeThread {
  const { instructions, reach = null, isEphemeral, tools, history } = options
  return {
    ref,
    record: {
      instructions,
      reach,
      lastOfTurn: new Map(),
      lastModel: null,
    },
    isEphemeral,
    tools,
    history,
    start,
    isRecorded: false,
    channel: null,
    warm: null,
    turn: null,
    uninvited: null,
    idleTimer: null,
  }
}

/** A thread of an earlier run, or one that was closed. */
export function knownThread(ref: ThreadRef, record: ThreadRecord, options: ThreadOptions): ClaudeThread {
  const { instructions } = record
  const thread = newThread(ref, { ...options, instructions, history: [] }, { type: "resume" })
  return { ...thread, record, isRecorded: true }
}
