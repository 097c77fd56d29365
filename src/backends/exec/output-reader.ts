import type { AnswerCut, TurnError } from "../../domain/turn-events.ts"
import type { Usage } from "../../domain/usage.ts"
import type { CliExit } from "../kit/process/cli-process.ts"
import { exitReason, reasonWithTail } from "../kit/process/exit-reason.ts"
import { modelFailureInWords } from "../kit/turn/model-failure.ts"

/** How the program says that the turn has ended; `total` is its running total, null where it tells none. */
export type ExecOutcome =
  | { readonly type: "completed"; readonly total: Usage | null; readonly cut?: AnswerCut }
  | { readonly type: "failed"; readonly error: TurnError }

/** Understands what one process writes to stdout. */
export interface OutputReader {
  push(chunk: Buffer): void
  /** The agent calls a function of the client: what it has said so far is to be told before. Absent: it never does. */
  beforeCall?(): void
  /** After the last chunk. The outcome, unless it was told before. */
  finish(exit: CliExit, stderrTail: string): ExecOutcome | null
}

/** For programs of which nothing else is known. */
export const loginStep = "Log in with the program itself, in a terminal, as the user of this service."

/** The end of a plain program that failed: its exit is all that it tells, and its last words, where they quote a model server. */
export function exitFailure(program: string, exit: CliExit, stderrTail: string): ExecOutcome {
  const said = exit.code === null ? null : modelFailureInWords(reasonWithTail("", stderrTail), loginStep)
  const code =
    exit.startError !== null ? "agent_not_ready" : exit.signal === null ? "backend_error" : "backend_died"
  const message = reasonWithTail(`${program} ${exitReason(exit)}`, stderrTail)
  return {
    type: "failed",
    error: said === null ? { code, message, modelStatus: null } : { ...said, message },
  }
}
