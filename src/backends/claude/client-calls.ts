import { isDeepStrictEqual } from "node:util"
import type { ContentPart, FunctionCallItem } from "../../domain/items.ts"
import type { ToolCall } from "../../domain/tool-endpoint.ts"
import { clientServer } from "../kit/functions/handed-functions.ts"
import { callItem } from "../kit/turn/open-calls.ts"
import type { ToolUse } from "./items.ts"

const prefix = `mcp__${clientServer}__`

/** How long a call waits for its announcement, which comes by another way. */
const announceMs = 250

interface OpenCall {
  readonly item: FunctionCallItem
  /** Parsed arguments. */
  readonly input: unknown
  isReleased: boolean
  /** It waits for the answer; null: not here yet. Most calls are made one after the other. */
  request: ToolCall | null
  /** The answer, when it was here before the request. */
  answer: readonly ContentPart[] | null
}

/**
 * The functions of the client that the agent has called in one turn. A call comes twice: in the
 * model's message, with all that it makes at once and with the id that claude's session knows it
 * by, and as a request of MCP, which wants the answer. The message tells which calls there are;
 * that one of them was requested tells that claude makes them.
 */
export class ClientCalls {
  readonly #release: (items: readonly FunctionCallItem[]) => void
  readonly #nameOf: (native: string) => string
  readonly #calls = new Map<string, OpenCall>()
  /** Requests whose message was not read yet. */
  readonly #unannounced = new Map<ToolCall, NodeJS.Timeout>()
  #isMessageOpen = false

  /** `nameOf`: the client's name of a function that claude knows under this one. */
  constructor(
    release: (items: readonly FunctionCallItem[]) => void,
    nameOf: (native: string) => string = (native) => native,
  ) {
    this.#release = release
    this.#nameOf = nameOf
  }

  /** A function of the client as claude tells it. */
  static toolName(native: string): string {
    return prefix + native
  }

  /** True for a tool that is a function of the client. */
  static isClientTool(name: string): boolean {
    return name.startsWith(prefix)
  }

  messageBegan(): void {
    this.#isMessageOpen = true
  }

  /** The model's message is complete: it makes no more calls before it has the answers. */
  messageEnded(): void {
    this.#isMessageOpen = false
    this.#flush()
  }

  announce({ id, name, input, inputText }: ToolUse): void {
    const call = openCall(callItem(id, this.#nameOf(name.slice(prefix.length)), inputText), input)
    this.#calls.set(id, call)
    const request = [...this.#unannounced.keys()].find((candidate) => isSame(call, candidate))
    if (request !== undefined) this.#bind(call, request)
  }

  requested(request: ToolCall): void {
    const call = [...this.#calls.values()].find((open) => open.request === null && isSame(open, request))
    if (call !== undefined) this.#bind(call, request)
    else
      this.#unannounced.set(
        request,
        setTimeout(() => this.#take(request), announceMs),
      )
  }

  /** claude has a result of the call: from the client, by its own limit, or a rule. */
  ended(id: string): void {
    this.#calls.delete(id)
  }

  /** False: no such call is open. */
  answer(callId: string, output: readonly ContentPart[]): boolean {
    const call = this.#calls.get(callId)
    if (call === undefined || call.answer !== null) return false
    call.answer = output
    this.#give(call)
    return true
  }

  /** The turn is over. */
  drop(): void {
    for (const timer of this.#unannounced.values()) clearTimeout(timer)
    this.#unannounced.clear()
    this.#calls.clear()
  }

  /** Nothing has announced it, so it stands for itself. */
  #take(request: ToolCall): void {
    const { callId, name, arguments: args } = request
    const call = openCall(callItem(callId, name, args), parsed(args))
    this.#calls.set(callId, call)
    this.#bind(call, request)
  }

  #bind(call: OpenCall, request: ToolCall): void {
    clearTimeout(this.#unannounced.get(request))
    this.#unannounced.delete(request)
    call.request = request
    request.signal.addEventListener("abort", () => this.#calls.delete(call.item.callId), { once: true })
    this.#give(call)
    this.#flush()
  }

  #give(call: OpenCall): void {
    if (call.request === null || call.answer === null) return
    this.#calls.delete(call.item.callId)
    call.request.answer(call.answer)
  }

  /** Releases all calls of the message once one of them is made. */
  #flush(): void {
    if (this.#isMessageOpen) return
    const held = [...this.#calls.values()].filter((call) => !call.isReleased)
    if (!held.some((call) => call.request !== null)) return
    for (const call of held) call.isReleased = true
    this.#release(held.map((call) => call.item))
  }
}

function openCall(item: FunctionCallItem, input: unknown): OpenCall {
  return { item, input, isReleased: false, request: null, answer: null }
}

function isSame(call: OpenCall, request: ToolCall): boolean {
  return call.item.name === request.name && isDeepStrictEqual(call.input, parsed(request.arguments))
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // As the model wrote it.
    return json
  }
}
