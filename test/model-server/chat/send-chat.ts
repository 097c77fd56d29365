import type { ServerResponse } from "node:http"
import type { Answer, AnswerPart, Ending } from "../answer.ts"
import { EventStream } from "../event-stream.ts"
import { sendRefusal } from "../refusals.ts"
import type { Usage } from "../script.ts"
import { sendError, sendJson } from "../send-answer.ts"
import { newId } from "../tool-calls.ts"
import type { JsonObject } from "../wire.ts"
import { stringOf } from "../wire.ts"

type StreamAnswer = Extract<Answer, { type: "stream" }>

/** Writes one answer as chunks of the Chat Completions API, or as one object where no stream is asked for. */
export async function sendChat(response: ServerResponse, answer: Answer, request: JsonObject): Promise<void> {
  const model = stringOf(request.model)
  switch (answer.type) {
    case "hang":
      return
    case "refusal":
      sendRefusal(response, "chat", answer.name)
      return
    case "error":
      // Who would try again after a pause that grows does so at once.
      response.setHeader("retry-after", "0")
      sendError(response, answer.status, answer.message)
      return
    case "stream":
      if (request.stream === true) await sendStream(response, answer, model)
      else sendWhole(response, answer, model)
  }
}

async function sendStream(response: ServerResponse, answer: StreamAnswer, model: string): Promise<void> {
  const events = new EventStream(response)
  const base = { id: newId("chatcmpl"), object: "chat.completion.chunk", created: 1_790_000_000, model }
  const chunk = (delta: JsonObject, finish: string | null = null) => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  try {
    await events.writeData(chunk({ role: "assistant", content: "" }))
    let calls = 0
    for (const part of answer.parts) {
      switch (part.type) {
        case "message": {
          let isFirst = true
          for (const content of part.deltas) {
            if (!isFirst && part.gapMs > 0) await events.pause(part.gapMs)
            isFirst = false
            await events.writeData(chunk({ content }))
          }
          break
        }
        case "reasoning":
          for (const word of part.text.match(/\S+\s*|^\s+/g) ?? []) {
            await events.writeData(chunk({ reasoning_content: word }))
          }
          break
        case "item":
          await events.writeData(chunk({ tool_calls: [toolCall(part, calls++)] }))
      }
    }
    switch (answer.ending.type) {
      case "silent":
        return
      case "dropped":
        await events.writeData(chunk({ content: "This answer is cut " }))
        await events.cut()
        return
      case "failed":
        await events.writeData({ error: { message: `scripted failure ${answer.ending.code}`, code: 500 } })
        break
      case "stopped":
      case "completed":
        await events.writeData(chunk({}, finishOf(answer.ending) ?? (calls > 0 ? "tool_calls" : "stop")))
        await events.writeData({ ...base, choices: [], usage: usageOf(answer.usage) })
    }
    response.end("data: [DONE]\n\n")
  } catch (error) {
    // The agent went away in the middle (an interrupt): there is nobody to tell.
    if (!events.isClosed) throw error
  }
}

/** Null: as ever. */
function finishOf(ending: Ending): string | null {
  if (ending.type !== "stopped" || ending.reason === "nothing") return null
  return ending.reason === "length" ? "length" : "content_filter"
}

function sendWhole(response: ServerResponse, answer: StreamAnswer, model: string): void {
  const content = answer.parts
    .map((part) => (part.type === "message" ? [...part.deltas].join("") : ""))
    .join("")
  const calls = answer.parts.flatMap((part) => (part.type === "item" ? [part] : []))
  const message = {
    role: "assistant",
    content,
    ...(calls.length === 0 ? {} : { tool_calls: calls.map((part, index) => toolCall(part, index)) }),
  }
  sendJson(response, 200, {
    id: newId("chatcmpl"),
    object: "chat.completion",
    created: 1_790_000_000,
    model,
    choices: [{ index: 0, message, finish_reason: calls.length > 0 ? "tool_calls" : "stop" }],
    usage: usageOf(answer.usage),
  })
}

function toolCall({ item }: Extract<AnswerPart, { type: "item" }>, index: number): JsonObject {
  return {
    index,
    id: item.call_id,
    type: "function",
    function: { name: item.name, arguments: item.arguments },
  }
}

function usageOf(usage: Usage): JsonObject {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  }
}
