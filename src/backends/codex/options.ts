import { basename } from "node:path"
import type { BackendContext } from "../kit/backend-context.ts"
import type { RunningProcesses } from "../kit/process/running-processes.ts"

export interface CodexTimeouts {
  /** From spawn to the answer of `initialize`. */
  readonly handshakeMs: number
  /**
   * Any request; an app-server that answers none in this time is replaced. `thread/start` may wait
   * for MCP servers.
   */
  readonly requestMs: number
  /** From `turn/interrupt` to the end of the turn, and again for its shell commands. */
  readonly interruptMs: number
  /** For each step of ending the process: closed stdin, SIGTERM, SIGKILL. */
  readonly endStepMs: number
  /**
   * How long a call may wait that a script makes (code mode): the model is asked again after 30 s
   * of it, then every 10 s. Before that the turn is better ended and continued with the result
   * later.
   */
  readonly scriptHoldMs: number
  /**
   * How long codex waits for a model that sends nothing, where it lets us say so. Longer than any
   * limit of ours.
   */
  readonly streamIdleMs: number
}

/** How to get the program: any other name that speaks codex's protocol is somebody else's. */
export function codexInstallStep(executable: string): string {
  return basename(executable) === "codex" ? "Install it with `npm install -g @openai/codex`" : "Install it"
}

export const codexTimeouts: CodexTimeouts = {
  handshakeMs: 15_000,
  requestMs: 60_000,
  interruptMs: 2_000,
  endStepMs: 2_000,
  scriptHoldMs: 20_000,
  streamIdleMs: 24 * 60 * 60_000,
}

export interface CodexBackendOptions extends Omit<BackendContext, "toolEndpoint"> {
  readonly timeouts?: Partial<CodexTimeouts>
  /** Shared by those that run in the same workspace. */
  readonly running?: RunningProcesses
  /** Milliseconds; for the pauses between restarts. */
  readonly now?: () => number
}
