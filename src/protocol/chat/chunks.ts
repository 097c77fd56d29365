import type { ResponseEvent } from "../../domain/response-events.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { seconds } from "../common/answer-parts.ts"
import { failureOf, toStreamErrorBody } from "../common/errors.ts"
import { doneSse, plainSse } from "../common/sse.ts"
import { finishReason, toChatUsage } from "./completion.ts"
import type { ChatPiece } from "./fold.ts"
import { ChatFold } from "./fold.ts"

export interface ChatProjectionOptions {
  /** `stream_options.include_usage`: an extra last chunk without choices. Some clients stop at such a chunk. */
  readonly includeUsage: boolean
}

/** A reader of one response's log, from its first event to its last. */
export interface ChatProjection {
  /** The chunks of this event as text of the stream; often empty. The last event brings `[DONE]`, but for a failure. */
  project(event: ResponseEvent): string
  /** A chunk that says nothing but that the turn goes on; empty before the first chunk, which has the role. */
  signOfLife(): string
  /**
   * True behind the error of a failed turn. Some clients pass over an error and take the end of the stream, or `[DONE]`, for that
   * of an answer: there is neither, and the connection is to be broken.
   */
  readonly hasFailed: boolean
}

/**
 * Shows a response's log as chat completion chunks. `source.record` is read anew at the end, when it is finished. The
 * phase of a message must be known when it begins: a stream cannot take its words back.
 */
export function createChatProjection(
  source: { readonly record: ResponseRecord },
  options: ChatProjectionOptions,
): ChatProjection {
  const { id, createdAt, agentId } = source.record
  const head = JSON.stringify({
    id,
    object: "chat.completion.chunk",
    created: seconds(createdAt),
    model: agentId,
  }).slice(0, -1)
  const usageNull = options.includeUsage ? `,"usage":null` : ""
  const before = `data: ${head},"choices":[{"index":0,"delta":`
  const after = `,"logprobs":null,"finish_reason":null}]${usageNull}}\n\n`

  let text = ""
  let hasRole = false
  let hasFailed = false
  const write = (delta: string): void => {
    text += before + delta + after
  }
  const fold = new ChatFold((piece) => write(deltaOf(piece)))

  return {
    project(event) {
      text = ""
      if (!hasRole) {
        hasRole = true
        write(`{"role":"assistant","content":""}`)
      }
      switch (event.type) {
        case "item.added":
          fold.begin(event.outputIndex, event.item)
          break
        case "item.done":
        case "item.withdrawn":
          fold.end(event.outputIndex, event.item)
          break
        case "text.delta":
        case "summary.delta":
        case "reasoning.delta":
        case "arguments.delta":
          fold.delta(event.outputIndex, event.partIndex, event.text)
          break
        case "text.done":
        case "summary.done":
        case "reasoning.done":
        case "arguments.done":
          fold.complete(event.outputIndex, event.partIndex, event.text)
          break
        case "failed":
          hasFailed = true
          return text + encodeChatError(source.record)
        case "completed":
        case "incomplete":
        case "cancelled":
          return text + ending(event.type)
      }
      return text
    },
    signOfLife: () => (hasRole ? `${before}{}${after}` : ""),
    get hasFailed() {
      return hasFailed
    },
  }

  function ending(status: "completed" | "incomplete" | "cancelled"): string {
    const record = { ...source.record, status }
    const reason = JSON.stringify(finishReason(record, fold.hasCalls))
    const last = `${before}{},"logprobs":null,"finish_reason":${reason}}]${usageNull}}\n\n`
    if (!options.includeUsage) return last + doneSse
    const usage = JSON.stringify(toChatUsage(record))
    return `${last}data: ${head},"choices":[],"usage":${usage}}\n\n${doneSse}`
  }
}

/** A failure after the headers are out: official clients raise any chunk that has an `error`. */
function encodeChatError(record: ResponseRecord): string {
  return plainSse(JSON.stringify(toStreamErrorBody(failureOf(record))))
}

function deltaOf(piece: ChatPiece): string {
  switch (piece.field) {
    case "call": {
      const call = {
        index: piece.index,
        id: piece.callId,
        type: "function",
        function: { name: piece.name, arguments: "" },
      }
      return JSON.stringify({ tool_calls: [call] })
    }
    case "arguments":
      return JSON.stringify({ tool_calls: [{ index: piece.index, function: { arguments: piece.text } }] })
    default:
      return `{"${piece.field}":${JSON.stringify(piece.text)}}`
  }
}
