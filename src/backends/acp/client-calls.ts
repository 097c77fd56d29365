import type { ContentPart, FunctionCallItem } from "../../domain/items.ts"
import type { ToolCall } from "../../domain/tool-endpoint.ts"

/** Calls that a model makes at once come one by one, each as a request of its own. */
const gatherMs = 40

/** The functions of the client that the agent has called in one turn and that wait for their answers. */
export class ClientCalls {
  readonly #release: (items: readonly FunctionCallItem[]) => void
  readonly #open = new Map<string, ToolCall>()
  #gathered: FunctionCallItem[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(release: (items: readonly FunctionCallItem[]) => void) {
    this.#release = release
  }

  requested(call: ToolCall): void {
    const { callId, name, signal } = call
    this.#open.set(callId, call)
    signal.addEventListener("abort", () => this.#open.delete(callId), { once: true })
    this.#gathered.push({
      type: "function_call",
      id: callId,
      callId,
      name,
      arguments: call.arguments,
      status: "completed",
    })
    this.#timer ??= setTimeout(() => this.#flush(), gatherMs)
  }

  /** False: no such call is open. */
  answer(callId: string, output: readonly ContentPart[]): boolean {
    const call = this.#open.get(callId)
    if (call === undefined) return false
    this.#open.delete(callId)
    call.answer(output)
    return true
  }

  /** The turn is over. */
  drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#gathered = []
    for (const call of this.#open.values()) call.answer([{ type: "text", text: "The turn is over." }], true)
    this.#open.clear()
  }

  #flush(): void {
    this.#timer = null
    const items = this.#gathered
    this.#gathered = []
    if (items.length > 0) this.#release(items)
  }
}
