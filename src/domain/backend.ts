import type { Capabilities, Readiness } from "./agents.ts"
import type { ContentPart, FunctionTool, Item, MessageItem } from "./items.ts"
import type { TurnEvent } from "./turn-events.ts"
import type { Usage } from "./usage.ts"

/** A backend's own name of a thread: opaque to everybody else, survives restarts. */
export type ThreadRef = string

/** One finished stretch of a conversation, used to fill a new thread. */
export interface HistoryTurn {
  readonly input: readonly Item[]
  readonly output: readonly Item[]
  /** What the model saw, in the format of the backend named `kind`; better than `output`. */
  readonly native: { readonly kind: string; readonly items: readonly unknown[] } | null
}

/** A session of the CLI that is none of the service's. */
export interface PastSession {
  readonly thread: ThreadRef
  /** Oldest first, and bounded. */
  readonly items: readonly Item[]
}

/**
 * How far the agent of a thread may go. `only-reads`: it may look, and change nothing;
 * `only-answers`: nor has it tools of its own at all, where the CLI can be without. A CLI that
 * cannot be kept to it rejects with `ProxyError`.
 */
export type ThreadReach = "only-reads" | "only-answers"

export interface ThreadOptions {
  /** Fixed for the thread's life; others are told as messages. Read by opening and forking. */
  readonly instructions: string | null
  /** What the agent can call from now on, for the thread's life unless `changesTools`. */
  readonly tools: readonly FunctionTool[]
  /** True: the CLI keeps no record of it. */
  readonly isEphemeral: boolean
  /** Absent: the agent acts as its permissions say. */
  readonly reach?: ThreadReach
  /** Earlier turns that a new thread shall know, or a fork beside what it shares. */
  readonly history: readonly HistoryTurn[]
  /** The last turn of a thread that is resumed did not come to its end. Nothing else reads it. */
  readonly endsCut?: true
}

export interface TurnInput {
  /** The new messages, oldest first. Empty: go on from what the thread holds. */
  readonly messages: readonly MessageItem[]
  /** Null: the CLI's own setting. */
  readonly model: string | null
  /** Reasoning effort (`low`, `medium`, `high`, ...); null: the CLI's own setting. */
  readonly effort: string | null
  /** JSON Schema that the final answer must satisfy. */
  readonly outputSchema: Readonly<Record<string, unknown>> | null
  /**
   * What was said with authority in the thread beside its instructions, in this turn as well,
   * oldest first: a CLI that sums the conversation up, and would leave it out, tells it to its
   * model again. Missing: nothing was.
   */
  readonly standing?: () => Promise<readonly MessageItem[]>
}

/** What happened outside any turn. */
export type BackendEvent =
  | { readonly type: "process.started"; readonly pid: number }
  | {
      readonly type: "process.exited"
      readonly pid: number
      readonly reason: string
      /** The backend ended it, for nothing ran in it or it was stopped itself: no fault. */
      readonly isExpected?: true
    }
  /** Log in, log out, or a new account: ask `readiness()` again. */
  | { readonly type: "account.changed" }
  /** The CLI started a turn that nobody asked for; the backend has interrupted it. */
  | { readonly type: "turn.uninvited"; readonly thread: ThreadRef }

/** One running turn. */
export interface Turn {
  /**
   * Batches of events: one batch is what came in one read of the CLI, so that a reader can write it
   * in one go. Never throws; the last event is final. To be iterated once, by one reader.
   */
  readonly events: AsyncIterable<readonly TurnEvent[]>
  /** Tokens so far; a turn that waits for a function of the client is accounted for in parts. */
  readonly usage: Usage | null
  /** Answers a `function.called`. Rejects with `ProxyError` when no such call is open. */
  answer(callId: string, output: readonly ContentPart[]): Promise<void>
  /**
   * Adds messages (none: nothing is done) to a turn that waits for answers, to be called before
   * they are given: its model has both with its next request. Rejects with `ProxyError` where the
   * CLI does not take them. Missing: it never does.
   */
  addMessages?(messages: readonly MessageItem[]): Promise<void>
  /** Asks the CLI to stop. Safe twice and after the end; the final event still comes. */
  interrupt(): Promise<void>
}

/**
 * Adapter to one kind of agent CLI. Called by the engine only, which never runs two turns of one
 * thread at once. Methods reject with `ProxyError`; `ThreadLostError` where the CLI no longer knows
 * a thread or turn, upon which the engine opens a new thread from the ledger.
 */
export interface Backend {
  /** Names the native format and, as `server_label`, the agent's own tools: `codex`, ... */
  readonly kind: string
  /** True: `resumeThread` changes the tools, or rejects with `ThreadLostError`. */
  readonly changesTools: boolean
  capabilities(): Promise<Capabilities>
  /** Starts the program if need be. Bounded; never rejects. */
  readiness(): Promise<Readiness>
  openThread(options: ThreadOptions): Promise<ThreadRef>
  /**
   * Makes a known thread usable again after a restart or `closeThread`; cheap when it is loaded
   * already. While a turn runs in it that waits for its client, it only changes the tools.
   */
  resumeThread(thread: ThreadRef, options: ThreadOptions): Promise<void>
  /** Shares the history up to and including the turn `at`, and knows `history` behind it. */
  forkThread(thread: ThreadRef, at: string, options: ThreadOptions): Promise<ThreadRef>
  /** Gives the thread's memory back; it can be resumed. Harmless when unknown. */
  closeThread(thread: ThreadRef): Promise<void>
  /**
   * The CLI's instruction files were edited: the next `resumeThread` has it read them again, with
   * nothing of the thread lost. To be called between turns; null: before the first turn of one that
   * is not loaded. Missing: each turn reads them, or there are none. Harmless when unknown.
   */
  renewThread?(thread: ThreadRef | null): Promise<void>
  /**
   * The newest of what the CLI has recorded outside of the service in one of these folders; only
   * read. Null: there is none. Undefined, or missing: it cannot be told.
   */
  lastSession?(folders: readonly string[]): Promise<PastSession | null | undefined>
  /** Removes the CLI's own record too. Harmless when unknown. */
  deleteThread(thread: ThreadRef): Promise<void>
  /** Returns at once; whatever goes wrong arrives as `turn.failed`. */
  startTurn(thread: ThreadRef, input: TurnInput): Turn
  /** Ends the program and everything it started. Safe twice. */
  stop(): Promise<void>
}
