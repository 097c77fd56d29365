import type { ServerResponse } from "node:http"
import type { Answer, AnswerPart, Ending } from "./answer.ts"
import { EventStream } from "./event-stream.ts"
import { sendRefusal } from "./refusals.ts"
import type { Usage } from "./script.ts"
import { newId } from "./tool-calls.ts"
import type { JsonObject } from "./wire.ts"

type StreamAnswer = Extract<Answer, { type: "stream" }>

/** Writes one answer as the Responses API's event stream. Returns early, without an error, when the reader goes away. */
export async function sendAnswer(response: ServerResponse, answer: Answer): Promise<void> {
  switch (answer.type) {
    case "hang":
      return
    case "refusal":
      sendRefusal(response, "responses", answer.name)
      return
    case "error":
      sendError(response, answer.status, answer.message)
      return
    case "stream":
      await sendStream(response, answer)
  }
}

export function sendError(response: ServerResponse, status: number, message: string): void {
  const error = { message, type: status >= 500 ? "server_error" : "invalid_request_error", code: null }
  sendJson(response, status, { error })
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify(value))
}

async function sendStream(response: ServerResponse, answer: StreamAnswer): Promise<void> {
  const stream = new EventStream(response)
  const events = new EventWriter(stream)
  const id = newId("resp")
  events.write("response.created", {
    response: { id, object: "response", status: "in_progress", output: [] },
  })
  try {
    let outputIndex = 0
    for (const part of answer.parts) await sendPart(events, part, outputIndex++, answer.ending)
    await sendEnding({ response, stream, events }, answer, id, outputIndex)
  } catch (error) {
    // codex went away in the middle (an interrupt): there is nobody to tell.
    if (!stream.isClosed) throw error
  }
}

interface Output {
  readonly response: ServerResponse
  readonly stream: EventStream
  readonly events: EventWriter
}

async function sendEnding(
  { response, stream, events }: Output,
  answer: StreamAnswer,
  id: string,
  outputIndex: number,
): Promise<void> {
  switch (answer.ending.type) {
    case "completed":
      events.write("response.completed", {
        response: { id, object: "response", status: "completed", usage: usageOf(answer.usage) },
      })
      response.end()
      return
    case "failed": {
      const error = { code: answer.ending.code, message: `scripted failure ${answer.ending.code}` }
      events.write("response.failed", { response: { id, object: "response", status: "failed", error } })
      response.end()
      return
    }
    case "stopped": {
      const reason = { length: "max_output_tokens", filter: "content_filter" }[String(answer.ending.reason)]
      const usage = usageOf(answer.usage)
      const ended = { id, object: "response", usage }
      if (reason === undefined)
        events.write("response.completed", { response: { ...ended, status: "completed" } })
      else {
        const incomplete = { status: "incomplete", incomplete_details: { reason } }
        events.write("response.incomplete", { response: { ...ended, ...incomplete } })
      }
      response.end()
      return
    }
    case "dropped": {
      const itemId = newId("msg")
      events.write("response.output_item.added", {
        output_index: outputIndex,
        item: { type: "message", id: itemId, status: "in_progress", role: "assistant", content: [] },
      })
      await events.writeDelta(itemId, outputIndex, "This answer is cut ")
      await stream.cut()
      return
    }
    case "silent":
      return
  }
}

async function sendPart(
  events: EventWriter,
  part: AnswerPart,
  outputIndex: number,
  ending: Ending,
): Promise<void> {
  switch (part.type) {
    case "message":
      if (ending.type === "stopped" && ending.reason === "refusal") sendRefusalPart(events, part, outputIndex)
      else await sendMessage(events, part, outputIndex)
      return
    case "reasoning":
      if (part.isRaw) sendThoughts(events, part.text, outputIndex)
      else sendReasoning(events, part.text, outputIndex)
      return
    case "item":
      events.write("response.output_item.added", { output_index: outputIndex, item: part.item })
      events.write("response.output_item.done", { output_index: outputIndex, item: part.item })
  }
}

async function sendMessage(
  events: EventWriter,
  part: Extract<AnswerPart, { type: "message" }>,
  outputIndex: number,
): Promise<void> {
  const id = newId("msg")
  const phase = part.phase === null ? {} : { phase: part.phase }
  const base = { type: "message", id, role: "assistant", ...phase }
  events.write("response.output_item.added", {
    output_index: outputIndex,
    item: { ...base, status: "in_progress", content: [] },
  })
  events.write("response.content_part.added", {
    item_id: id,
    output_index: outputIndex,
    content_index: 0,
    part: { type: "output_text", text: "", annotations: [] },
  })
  let text = ""
  for (const delta of part.deltas) {
    if (text !== "" && part.gapMs > 0) await events.pause(part.gapMs)
    text += delta
    await events.writeDelta(id, outputIndex, delta)
  }
  const content = { type: "output_text", text, annotations: [], logprobs: [] }
  events.write("response.output_text.done", {
    item_id: id,
    output_index: outputIndex,
    content_index: 0,
    text,
  })
  events.write("response.output_item.done", {
    output_index: outputIndex,
    item: { ...base, status: "completed", content: [content] },
  })
}

function sendRefusalPart(
  events: EventWriter,
  { deltas }: Extract<AnswerPart, { type: "message" }>,
  outputIndex: number,
): void {
  const id = newId("msg")
  const refusal = [...deltas].join("")
  const place = { item_id: id, output_index: outputIndex, content_index: 0 }
  const item = { type: "message", id, role: "assistant" }
  const begun = { ...item, status: "in_progress", content: [] }
  events.write("response.output_item.added", { output_index: outputIndex, item: begun })
  events.write("response.content_part.added", { ...place, part: { type: "refusal", refusal: "" } })
  events.write("response.refusal.delta", { ...place, delta: refusal })
  events.write("response.refusal.done", { ...place, refusal })
  const done = { ...item, status: "completed", content: [{ type: "refusal", refusal }] }
  events.write("response.output_item.done", { output_index: outputIndex, item: done })
}

function sendReasoning(events: EventWriter, text: string, outputIndex: number): void {
  const id = newId("rs")
  const place = { item_id: id, output_index: outputIndex, summary_index: 0 }
  events.write("response.output_item.added", {
    output_index: outputIndex,
    item: { type: "reasoning", id, summary: [] },
  })
  events.write("response.reasoning_summary_part.added", {
    ...place,
    part: { type: "summary_text", text: "" },
  })
  for (const delta of wordsOf(text))
    events.write("response.reasoning_summary_text.delta", { ...place, delta })
  events.write("response.reasoning_summary_text.done", { ...place, text })
  events.write("response.output_item.done", {
    output_index: outputIndex,
    item: { type: "reasoning", id, summary: [{ type: "summary_text", text }], encrypted_content: "scripted" },
  })
}

/** As servers of open models do. */
function sendThoughts(events: EventWriter, text: string, outputIndex: number): void {
  const id = newId("rs")
  const place = { item_id: id, output_index: outputIndex, content_index: 0 }
  const item = { type: "reasoning", id, summary: [] }
  events.write("response.output_item.added", { output_index: outputIndex, item })
  for (const delta of wordsOf(text)) events.write("response.reasoning_text.delta", { ...place, delta })
  events.write("response.reasoning_text.done", { ...place, text })
  events.write("response.output_item.done", {
    output_index: outputIndex,
    item: { ...item, content: [{ type: "reasoning_text", text }] },
  })
}

function wordsOf(text: string): readonly string[] {
  return text.match(/\S*\s*/g)?.filter((word) => word !== "") ?? []
}

function usageOf(usage: Usage): JsonObject {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  }
}

/** Numbered events, with back-pressure for the deltas. */
class EventWriter {
  readonly #events: EventStream
  #sequenceNumber = 0

  constructor(events: EventStream) {
    this.#events = events
  }

  write(type: string, fields: JsonObject): void {
    this.#events.write(type, this.#numbered(fields))
  }

  async writeDelta(itemId: string, outputIndex: number, delta: string): Promise<void> {
    const fields = { item_id: itemId, output_index: outputIndex, content_index: 0, delta }
    await this.#events.writeDelta("response.output_text.delta", this.#numbered(fields))
  }

  pause(ms: number): Promise<void> {
    return this.#events.pause(ms)
  }

  #numbered(fields: JsonObject): JsonObject {
    return { sequence_number: this.#sequenceNumber++, ...fields }
  }
}
