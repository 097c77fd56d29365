import type { FunctionTool } from "../domain/backend.ts"
import { newId } from "../domain/ids.ts"
import type { ToolCall } from "../domain/tool-endpoint.ts"
import { callResult, refusedCall } from "./call-result.ts"
import { type Fields, fieldsOf, type RequestId, RpcError, rpcCodes } from "./json-rpc.ts"

interface OpenCall {
  readonly requestId: RequestId
  /** Null: nobody waits for a result. */
  end(result: Fields | null): void
  /** Like `end`, and its reader is told that no answer is wanted. */
  abort(result: Fields | null): void
}

/** An agent that calls more at once does not mean it. */
const maxOpenCalls = 64
const overText = "The functions of the user cannot be called any more."

/** The functions of one thread, and the calls of them that are not answered yet. */
export class OpenChannel {
  readonly tools: readonly FunctionTool[]
  readonly #onCall: (call: ToolCall) => void
  readonly #open = new Set<OpenCall>()
  #isClosed = false

  constructor(tools: readonly FunctionTool[], onCall: (call: ToolCall) => void) {
    this.tools = tools
    this.#onCall = onCall
  }

  /**
   * Resolves with the result when the call is answered, or the channel closed; with null when it was cancelled or `gone` is
   * aborted. Rejects with `RpcError` where there is no such function.
   */
  async call(requestId: RequestId, params: Fields, gone: AbortSignal): Promise<Fields | null> {
    const name = String(params.name)
    if (!this.tools.some((tool) => tool.name === name))
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
        arguments: JSON.stringify(given),
        meta: fieldsOf(params._meta),
        signal: aborter.signal,
        answer: (output, isError = false) => open.end(callResult(output, isError)),
      })
    })
  }

  /** The newest of that id: a CLI that connects anew begins to count anew, and its earlier calls are gone. */
  cancel(requestId: unknown): void {
    const open = [...this.#open].findLast((call) => call.requestId === requestId)
    open?.abort(null)
  }

  close(): void {
    this.#isClosed = true
    for (const open of [...this.#open]) open.abort(refusedCall(overText))
  }
}
