import type { Turn } from "../../domain/backend.ts"
import { messageOf } from "../../domain/errors.ts"
import type { FunctionCallItem, ToolCallItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { CallingTurn, ServiceToolResult, ServiceTools } from "../../domain/service-tools.ts"
import type { ItemEvent } from "../../domain/turn-events.ts"

export interface ServiceCallsOptions {
  readonly tools: ServiceTools
  readonly calling: Omit<CallingTurn, "interrupted">
  readonly record: (event: ItemEvent) => void
  readonly log: Log
}

/**
 * Calls of the service's own tools in one response. They run beside the turn, which is read on
 * meanwhile; each is an item from its beginning, so that the silence clock stands still, and is
 * answered to the CLI when it is done.
 */
export class ServiceCalls {
  readonly #options: ServiceCallsOptions
  readonly #interrupted = new AbortController()
  /** Of the native turn that runs now. */
  #over = new AbortController()
  readonly #open = new Set<Promise<void>>()

  constructor(options: ServiceCallsOptions) {
    this.#options = options
  }

  get isIdle(): boolean {
    return this.#open.size === 0
  }

  /** Resolves when no call is open any more. */
  async idle(): Promise<void> {
    while (!this.isIdle) await Promise.all(this.#open)
  }

  begin(call: FunctionCallItem, toolName: string, turn: Turn): void {
    // What an interrupted turn still calls is for nobody.
    if (this.#interrupted.signal.aborted) return
    const running: Promise<void> = this.#run(call, toolName, turn).finally(() => this.#open.delete(running))
    this.#open.add(running)
  }

  /** The native turn is over: nobody waits for what is still open. */
  turnOver(): void {
    // Of most turns none is. To abort costs a stack trace.
    if (this.isIdle) return
    this.#over.abort()
    this.#over = new AbortController()
  }

  /** The response was stopped before its end. */
  interrupt(): void {
    this.#interrupted.abort()
    this.#over.abort()
  }

  async #run(call: FunctionCallItem, toolName: string, turn: Turn): Promise<void> {
    const { tools, calling, record, log } = this.#options
    const { signal } = this.#over
    const item: ToolCallItem = {
      type: "tool_call",
      id: `${tools.label} ${call.callId}`,
      server: tools.label,
      tool: toolName,
      arguments: call.arguments,
      output: null,
      error: null,
      status: "in_progress",
    }
    record({ type: "item.started", item })
    const end = (result: ServiceToolResult | null): void => {
      record({ type: "item.completed", item: { ...item, ...shownOf(result) } })
    }
    // At once: a moment later the response may be over.
    const cut = new Promise<null>((resolve) => {
      signal.addEventListener("abort", () => {
        if (!isDone) end(null)
        resolve(null)
      })
    })
    let isDone = false
    const turnOfCall = { ...calling, interrupted: this.#interrupted.signal }
    const running = tools.run({ name: toolName, arguments: call.arguments, turn: turnOfCall, signal })
    const result = await Promise.race([running, cut])
    isDone = true
    if (result === null || signal.aborted) return
    end(result)
    try {
      await turn.answer(call.callId, [{ type: "text", text: result.text }])
    } catch (error) {
      // The CLI has stopped waiting, or is gone: the turn's own end tells.
      log("info", "a tool's result was not taken", { tool: toolName, error: messageOf(error) })
    }
  }
}

/** Null: it was cut off. */
function shownOf(result: ServiceToolResult | null): Pick<ToolCallItem, "output" | "error" | "status"> {
  if (result === null) {
    return { output: null, error: "the turn ended before the tool was done", status: "failed" }
  }
  const output = result.shown ?? result.text
  return result.isError === true
    ? { output: result.shown ?? null, error: result.text, status: "failed" }
    : { output, error: null, status: "completed" }
}
