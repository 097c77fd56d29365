import type { ContentPart, FunctionTool } from "./items.ts"

/** A call that an agent CLI makes over MCP; its request stays open until it is answered. */
export interface ToolCall {
  /** Made by us: MCP has none that an OpenAI client would know. */
  readonly callId: string
  readonly name: string
  /** JSON text, as the model wrote it. */
  readonly arguments: string
  /** What the CLI says of the call besides (`_meta` of MCP), such as its own id of it. */
  readonly meta: Readonly<Record<string, unknown>>
  /** Aborted when the CLI does not wait any more: its own time limit, an interrupt, its end. */
  readonly signal: AbortSignal
  /** Answers the CLI. Harmless after the first time and after `signal`. */
  answer(output: readonly ContentPart[], isError?: boolean): void
}

/** The functions of one thread, at an address that only this thread's CLI knows. */
export interface ToolChannel {
  /** Streamable HTTP, on this machine: `http://127.0.0.1:7011/mcp`. */
  readonly url: string
  /** To be sent with each request; holds the token of the channel, and so is a secret. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * The functions from now on. Resolves with true once the CLI, which is told of it where it
   * listens, has asked for the new list, and at once where the functions are the same; with false
   * where it does not listen, or has not asked within `timeoutMs`: then it may still show its model
   * the earlier ones. A call of a function that is gone is refused.
   */
  setTools(tools: readonly FunctionTool[], timeoutMs: number): Promise<boolean>
  /** Ends open calls and the token. Safe twice. */
  close(): void
}

/**
 * How a backend whose CLI has no functions of its own but speaks MCP gets at those of its client.
 * Owned by the backends; absent, such a backend says `hasFunctions: false`.
 */
export interface ToolEndpoint {
  /**
   * `onCall` is called once for each call, as it comes in; it must not throw. Resolves when the
   * service listens: turns that a restart left in the queue begin before. Rejects once it stops.
   */
  open(tools: readonly FunctionTool[], onCall: (call: ToolCall) => void): Promise<ToolChannel>
}
