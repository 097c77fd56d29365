import type { ThreadRef } from "../../domain/backend.ts"
import type { Usage } from "../../domain/usage.ts"
import type { FunctionNames } from "../kit/functions/function-names.ts"
import type { ThreadCommands } from "./thread-commands.ts"

/** A thread that one app-server process has in memory. */
export interface LoadedThread {
  readonly id: ThreadRef
  readonly names: FunctionNames
  /** False for resumed and forked threads: codex has no switch for it there. */
  readonly hasRawEvents: boolean
  /** The file with the thread's raw items; null: it is ephemeral. */
  readonly rolloutFile: string | null
  /** Of turns that ask for none. */
  readonly ownModel: string
  readonly ownEffort: string | null
  /** As the last turn left them: codex keeps a turn's model and effort for all later turns. */
  model: string
  effort: string | null
  /** Tokens of all its turns, as codex told them last; null: it has not yet. */
  totalUsage: Usage | null
  readonly commands: ThreadCommands
  /** codex has left out of its memory what developers said in it: the next turn tells it again. */
  hasForgotten: boolean
  /** Nobody needs it, but a command in it still runs: it is given back when that has ended. */
  isGivenUp: boolean
}
