import { ProxyError } from "../../../domain/errors.ts"
import type { ContentPart, FunctionCallItem, FunctionTool } from "../../../domain/items.ts"
import type { ToolCall, ToolChannel, ToolEndpoint } from "../../../domain/tool-endpoint.ts"
import type { TurnEvent } from "../../../domain/turn-events.ts"
import type { FunctionRules } from "../functions/function-rules.ts"
import { openHanded } from "../functions/handed-functions.ts"
import { callItem, OpenCalls, refuseCall } from "./open-calls.ts"

export interface FunctionChannelOptions {
  readonly endpoint: ToolEndpoint
  readonly rules: FunctionRules
  readonly tools: readonly FunctionTool[]
  /**
   * How long the CLI may be kept waiting for this call, see `function.called`; absent: for ever.
   */
  readonly holdMsOf?: (call: ToolCall) => number | null
}

/**
 * Calls that the model makes at once come in requests of their own, each through a CLI on a machine
 * that may be busy. What comes later is told with the next answer: nothing is lost, but the client
 * works on one after the other.
 */
const quietMs = 200

/**
 * The client's functions for one thread of a CLI that knows them over MCP: calls that come in
 * during a turn become events of it, and its answers go back. To be closed with the thread.
 */
export class FunctionChannel {
  readonly #options: FunctionChannelOptions
  readonly #calls = new OpenCalls<ToolCall>((items) => this.#release(items), quietMs)
  readonly #holdMs = new Map<string, number | null>()
  #channel: ToolChannel | null = null
  /** Of the running turn. */
  #push: ((event: TurnEvent) => void) | null = null

  private constructor(options: FunctionChannelOptions) {
    this.#options = options
  }

  static async open(options: FunctionChannelOptions): Promise<FunctionChannel> {
    const channel = new FunctionChannel(options)
    const { endpoint, rules, tools } = options
    channel.#channel = await openHanded(endpoint, rules, tools, (call) => channel.#called(call))
    return channel
  }

  get url(): string {
    return this.#channel?.url ?? ""
  }

  /**
   * Secret: to be handed to the CLI by its environment or a file of the agent, not in its
   * arguments.
   */
  get headers(): Readonly<Record<string, string>> {
    return this.#channel?.headers ?? {}
  }

  /** See `ToolChannel`. */
  async setTools(tools: readonly FunctionTool[], timeoutMs: number): Promise<boolean> {
    return (await this.#channel?.setTools(tools, timeoutMs)) === true
  }

  /** Calls belong to this turn from now on. */
  beginTurn(push: (event: TurnEvent) => void): void {
    this.#push = push
  }

  /** The CLI says otherwise that it begins a call. */
  callBegins(): void {
    this.#calls.expectMore()
  }

  /** Throws `ProxyError` when no such call is open: answered, or given up by the CLI. */
  answer(callId: string, output: readonly ContentPart[]): void {
    const call = this.#calls.take(callId)
    if (call === null) throw new ProxyError("backend_error", `No call ${callId} is open in this turn`)
    call.answer(output)
  }

  /** Calls that are still open will not be answered any more. Safe twice. */
  endTurn(): void {
    this.#push = null
    for (const call of this.#calls.drop()) refuseCall(call, nobodyWaits)
    this.#holdMs.clear()
  }

  /** Safe twice. */
  close(): void {
    this.endTurn()
    this.#channel?.close()
  }

  #called(call: ToolCall): void {
    if (this.#push === null) {
      refuseCall(call, nobodyWaits)
      return
    }
    const { callId, name, arguments: text } = call
    this.#holdMs.set(callId, this.#options.holdMsOf?.(call) ?? null)
    call.signal.addEventListener("abort", () => this.#calls.withdraw(callId))
    this.#calls.arrived(call, callItem(callId, name, text))
  }

  #release(items: readonly FunctionCallItem[]): void {
    for (const item of items) {
      const holdMs = this.#holdMs.get(item.callId) ?? null
      this.#holdMs.delete(item.callId)
      this.#push?.({ type: "function.called", item, holdMs })
    }
  }
}

const nobodyWaits = "The user cannot be asked now: no turn waits for this call."
