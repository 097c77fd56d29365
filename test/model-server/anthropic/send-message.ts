import type { ServerResponse } from "node:http"
import type { Answer, AnswerPart } from "../answer.ts"
import { EventStream } from "../event-stream.ts"
import { sendRefusal } from "../refusals.ts"
import type { Usage } from "../script.ts"
import { sendJson } from "../send-answer.ts"
import { newId } from "../tool-calls.ts"
import type { JsonObject } from "../wire.ts"
import { isObject, objectsOf, stringOf } from "../wire.ts"

type StreamAnswer = Extract<Answer, { type: "stream" }>

/** Writes one answer as the Messages API's event stream, or as one JSON object where no stream is asked for. */
export async function sendMessage(
  response: ServerResponse,
  answer: Answer,
  request: JsonObject,
): Promise<void> {
  switch (answer.type) {
    case "hang":
      return
    case "refusal":
      sendRefusal(response, "messages", answer.name)
      return
    case "error":
      sendJson(response, answer.status, { type: "error", error: errorOf(answer.status, answer.message) })
      return
    case "stream": {
      const structured = structuredAnswer(answer, request)
      if (request.stream === true) await sendStream(response, structured, stringOf(request.model))
      else sendWhole(response, structured, stringOf(request.model))
    }
  }
}

const errorTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  429: "rate_limit_error",
  529: "overloaded_error",
}

function errorOf(status: number, message: string): JsonObject {
  return { type: errorTypes[status] ?? "api_error", message }
}

/** With a schema claude wants its answer as the call of a tool; a model that behaves gives it so. */
function structuredAnswer(answer: StreamAnswer, request: JsonObject): StreamAnswer {
  if (!objectsOf(request.tools).some((tool) => tool.name === "StructuredOutput")) return answer
  if (answer.parts.some((part) => part.type === "item")) return answer
  const last = answer.parts.at(-1)
  // Only what is not made while it is sent can be looked at before.
  const text = last?.type === "message" && Array.isArray(last.deltas) ? last.deltas.join("") : ""
  if (!isJsonObject(text)) return answer
  const item = { call_id: newId("toolu"), name: "StructuredOutput", arguments: text }
  return { ...answer, parts: [...answer.parts.slice(0, -1), { type: "item", item }] }
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}

async function sendStream(response: ServerResponse, answer: StreamAnswer, model: string): Promise<void> {
  const events = new EventStream(response)
  const message = {
    id: newId("msg"),
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usageOf(answer.usage), output_tokens: 1 },
  }
  events.write("message_start", { message })
  try {
    for (const [index, part] of answer.parts.entries()) await sendBlock(events, part, index)
    if (answer.ending.type === "silent") return
    if (answer.ending.type === "dropped") {
      const index = answer.parts.length
      events.write("content_block_start", { index, content_block: { type: "text", text: "" } })
      events.write("content_block_delta", {
        index,
        delta: { type: "text_delta", text: "This answer is cut " },
      })
      await events.cut()
      return
    }
    if (answer.ending.type === "failed") {
      events.write("error", { error: errorOf(500, `scripted failure ${answer.ending.code}`) })
      response.end()
      return
    }
    events.write("message_delta", {
      delta: { stop_reason: stopReasonOf(answer), stop_sequence: null },
      usage: usageOf(answer.usage),
    })
    events.write("message_stop", {})
    response.end()
  } catch (error) {
    // claude went away in the middle (an interrupt): there is nobody to tell.
    if (!events.isClosed) throw error
  }
}

async function sendBlock(events: EventStream, part: AnswerPart, index: number): Promise<void> {
  const start = (block: JsonObject) => events.write("content_block_start", { index, content_block: block })
  const delta = (fields: JsonObject) => events.writeDelta("content_block_delta", { index, delta: fields })
  switch (part.type) {
    case "message": {
      start({ type: "text", text: "" })
      let isFirst = true
      for (const text of part.deltas) {
        if (!isFirst && part.gapMs > 0) await events.pause(part.gapMs)
        isFirst = false
        await delta({ type: "text_delta", text })
      }
      break
    }
    case "reasoning":
      start({ type: "thinking", thinking: "", signature: "" })
      for (const thinking of part.text.match(/\S+\s*|^\s+/g) ?? [])
        await delta({ type: "thinking_delta", thinking })
      await delta({ type: "signature_delta", signature: "scripted" })
      break
    case "item":
      start({ type: "tool_use", id: part.item.call_id, name: part.item.name, input: {} })
      await delta({ type: "input_json_delta", partial_json: part.item.arguments })
  }
  events.write("content_block_stop", { index })
}

/** claude asks so for what it does beside the conversation, and again after a stream that broke off. */
function sendWhole(response: ServerResponse, answer: StreamAnswer, model: string): void {
  if (answer.ending.type !== "completed" && answer.ending.type !== "stopped") {
    response.destroy()
    return
  }
  sendJson(response, 200, {
    id: newId("msg"),
    type: "message",
    role: "assistant",
    model,
    content: answer.parts.map(wholeBlock),
    stop_reason: stopReasonOf(answer),
    stop_sequence: null,
    usage: usageOf(answer.usage),
  })
}

function wholeBlock(part: AnswerPart): JsonObject {
  switch (part.type) {
    case "message":
      return { type: "text", text: [...part.deltas].join("") }
    case "reasoning":
      return { type: "thinking", thinking: part.text, signature: "scripted" }
    case "item":
      return {
        type: "tool_use",
        id: part.item.call_id,
        name: part.item.name,
        input: JSON.parse(stringOf(part.item.arguments)),
      }
  }
}

function stopReasonOf(answer: StreamAnswer): string {
  if (answer.ending.type === "stopped" && answer.ending.reason !== "nothing")
    return answer.ending.reason === "length" ? "max_tokens" : "refusal"
  return answer.parts.some((part) => part.type === "item") ? "tool_use" : "end_turn"
}

/** This wire counts what came from the cache beside the input, not inside it. */
function usageOf(usage: Usage): JsonObject {
  return {
    input_tokens: usage.input - usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    output_tokens: usage.output,
  }
}
