import { ProxyError } from "../../../domain/errors.ts"
import type { ContentPart, FunctionCallItem } from "../../../domain/items.ts"
import type { ToolCall } from "../../../domain/tool-endpoint.ts"
import type { TurnEvent } from "../../../domain/turn-events.ts"
import { type HandedChannel, type HandedOptions, openHanded } from "../functions/handed-functions.ts"
import { callItem, type Gathering, OpenCalls, refuseCall } from "./open-calls.ts"

export interface FunctionChannelOptions extends HandedOptions {
  /** How long the CLI may be kept waiting for this call, see `function.called`. */
  readonly holdMsOf: (call: ToolCall) => number | null
  /**
   * Calls that the model makes at once come in requests of their own, each through a CLI on a
   * machine that may be busy. What comes later is told with the next answer: nothing is lost, but
   * the client works on one after the other.
   */
  readonly gathering: Gathering
}

/**
 * The client's functions for one thread of a CLI that knows them over MCP: calls that come in
 * during a turn become events of it, and its answers go back. To be closed with the thread.
 */
export class FunctionChannel {
  /** As the CLI has it. */
  readonly handed: HandedChannel
  readonly #holdMsOf: FunctionChannelOptions["holdMsOf"]
  readonly #calls: OpenCalls<ToolCall>
  readonly #holdMs = new Map<string, number | null>()
  /** Of the running turn. */
  #push: ((event: TurnEvent) => void) | null = null

  private constructor(handed: HandedChannel, { holdMsOf, gathering }: FunctionChannelOptions) {
    this.handed = handed
    this.#holdMsOf = holdMsOf
    this.#calls = new OpenCalls((items) => this.#release(items), gathering)
  }

  static async open(options: FunctionChannelOptions): Promise<FunctionChannel> {
    // Nothing calls before the CLI is told where.
    const handed = await openHanded(options, (call) => channel.#called(call))
    const channel = new FunctionChannel(handed, options)
    return channel
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
    this.handed.close()
  }

  #called(call: ToolCall): void {
    if (this.#push === null) {
      refuseCall(call, nobodyWaits)
      return
    }
    const { callId, name, arguments: text } = call
    this.#holdMs.set(callId, this.#holdMsOf(call))
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
