import { basename } from "node:path"
import type { BackendContext } from "../kit/backend-context.ts"
import type { RunningProcesses } from "../kit/process/running-processes.ts"

/** How to get the program: any other name that speaks codex's protocol is somebody else's. */
export function codexInstallStep(executable: string): string {
  return basename(executable) === "codex" ? "Install it with `npm install -g @openai/codex`" : "Install it"
}

export const codexTimeouts = {
  /** From spawn to the answer of `initialize`. */
  handshakeMs: 15_000,
  /** Any request; who answers none is replaced. `thread/start` may wait for MCP servers. */
  requestMs: 60_000,
  /** From `turn/interrupt` to the end of the turn, and again for its shell commands. */
  interruptMs: 2_000,
  /** For each step of ending the process: closed stdin, SIGTERM, SIGKILL. */
  endStepMs: 2_000,
  /**
   * How long a call may wait that a script makes (code mode): the model is asked again after 30 s
   * of it, then every 10 s. Before that the turn is better ended and continued with the result
   * later.
   */
  scriptHoldMs: 20_000,
  /** How long codex waits for a silent model, where it lets us say so: beyond any limit of ours. */
  streamIdleMs: 24 * 60 * 60_000,
}
export type CodexTimeouts = typeof codexTimeouts

export interface CodexBackendOptions extends Omit<BackendContext, "toolEndpoint"> {
  readonly timeouts?: Partial<CodexTimeouts>
  /** Shared by those that run in the same workspace. */
  readonly running?: RunningProcesses
  /** Milliseconds; for the pauses between restarts. */
  readonly now?: () => number
}
