import { isDeepStrictEqual } from "node:util"
import { newId } from "../domain/ids.ts"
import type { ContentPart, FunctionTool } from "../domain/items.ts"
import type { ToolCall } from "../domain/tool-endpoint.ts"
import { type Fields, fieldsOf, type RequestId, RpcError, rpcCodes } from "./json-rpc.ts"

interface OpenCall {
  readonly requestId: RequestId
  /** Null: nobody waits for a result. */
  end(result: Fields | null): void
  /** Like `end`, and its reader is told that no answer is wanted. */
  abort(result: Fields | null): void
}

/** A connection of the CLI on which it waits to hear of other functions. */
interface Listener {
  readonly onChanged: () => void
  readonly onClosed: () => void
}

/** An agent that calls more at once does not mean it. */
const maxOpenCalls = 64
const overText = "The functions of the user cannot be called any more."

/** The functions of one thread, and the calls of them that are not answered yet. */
export class OpenChannel {
  readonly #onCall: (call: ToolCall) => void
  readonly #open = new Set<OpenCall>()
  readonly #listeners = new Set<Listener>()
  #tools: readonly FunctionTool[]
  /** Resolves when the list is asked for the next time. */
  #whenListed: PromiseWithResolvers<void> = Promise.withResolvers()
  #isClosed = false

  constructor(tools: readonly FunctionTool[], onCall: (call: ToolCall) => void) {
    this.#tools = tools
    this.#onCall = onCall
  }

  /** As a CLI is shown them that asks for the list now. */
  list(): readonly FunctionTool[] {
    this.#whenListed.resolve()
    this.#whenListed = Promise.withResolvers()
    return this.#tools
  }

  /** `onChanged` is called at each change, `onClosed` once; until what comes back is called. */
  listen(listener: Listener): () => void {
    if (this.#isClosed) listener.onClosed()
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** See `ToolChannel`. */
  async setTools(tools: readonly FunctionTool[], timeoutMs: number): Promise<boolean> {
    if (isDeepStrictEqual(tools, this.#tools)) return true
    this.#tools = tools
    if (this.#listeners.size === 0) return false
    const listed = this.#whenListed.promise.then(() => true)
    for (const { onChanged } of this.#listeners) onChanged()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs)
    })
    return Promise.race([listed, late]).finally(() => clearTimeout(timer))
  }

  /**
   * Resolves with the result when the call is answered, or the channel closed; with null when it
   * was cancelled or `gone` is aborted. Rejects with `RpcError` where there is no such function.
   * `argumentsText`: as the CLI wrote them; null: there are none.
   */
  async call(
    requestId: RequestId,
    params: Fields,
    gone: AbortSignal,
    argumentsText: string | null = null,
  ): Promise<Fields | null> {
    const name = String(params.name)
    if (!this.#tools.some((tool) => tool.name === name))
      throw new RpcError(rpcCodes.invalidParams, `Unknown tool: ${name.slice(0, 100)}`)
    const given = params.arguments ?? {}
    if (typeof given !== "object" || Array.isArray(given))
      throw new RpcError(rpcCodes.invalidParams, "The arguments of a tool are an object.")
    if (this.#isClosed) return refusedCall(overText)
    if (this.#open.size >= maxOpenCalls)
      return refusedCall(`${maxOpenCalls} calls wait for their answers already. Wait for them first.`)
    if (gone.aborted) return null
    return new Promise((resolve) => {
      const aborter = new AbortController()
      const open: OpenCall = {
        requestId,
        end: (result) => {
          if (!this.#open.delete(open)) return
          gone.removeEventListener("abort", leave)
          resolve(result)
        },
        abort: (result) => {
          open.end(result)
          aborter.abort()
        },
      }
      const leave = (): void => open.abort(null)
      gone.addEventListener("abort", leave)
      this.#open.add(open)
      this.#onCall({
        callId: newId("call_"),
        name,
        arguments: params.arguments == null ? "{}" : (argumentsText ?? JSON.stringify(given)),
        meta: fieldsOf(params._meta),
        signal: aborter.signal,
        answer: (output, isError = false) => open.end(callResult(output, isError)),
      })
    })
  }

  /** The newest of that id: a CLI that connects anew counts anew, its earlier calls are gone. */
  cancel(requestId: unknown): void {
    const open = [...this.#open].findLast((call) => call.requestId === requestId)
    open?.abort(null)
  }

  close(): void {
    this.#isClosed = true
    for (const open of [...this.#open]) open.abort(refusedCall(overText))
    for (const { onClosed } of this.#listeners) onClosed()
    this.#listeners.clear()
  }
}

/** What a call gave. `isError` is for the model to read, unlike an error of the request. */
function callResult(output: readonly ContentPart[], isError: boolean): Fields {
  return { content: output.map(contentOf), isError }
}

function refusedCall(text: string): Fields {
  return callResult([{ type: "text", text }], true)
}

function contentOf(part: ContentPart): Fields {
  if (part.type === "text") return { type: "text", text: part.text }
  const match = /^data:([^;,]+);base64,(.*)$/s.exec(part.url)
  // Images of clients are base64 by then; whatever else there is, the model may make something of
  // it.
  if (match === null) return { type: "text", text: part.url }
  return { type: "image", data: match[2] ?? "", mimeType: match[1] ?? "" }
}
