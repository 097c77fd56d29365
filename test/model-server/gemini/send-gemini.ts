import type { ServerResponse } from "node:http"
import type { Answer, AnswerPart, Ending } from "../answer.ts"
import { EventStream } from "../event-stream.ts"
import { sendRefusal } from "../refusals.ts"
import type { Usage } from "../script.ts"
import { sendJson } from "../send-answer.ts"
import type { JsonObject } from "../wire.ts"
import { stringOf } from "../wire.ts"

type StreamAnswer = Extract<Answer, { type: "stream" }>

const statusNames: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  429: "RESOURCE_EXHAUSTED",
}

/** Writes one answer in the form of the Gemini API. */
export async function sendGemini(response: ServerResponse, answer: Answer, isStream: boolean): Promise<void> {
  switch (answer.type) {
    case "hang":
      return
    case "refusal":
      sendRefusal(response, "gemini", answer.name)
      return
    case "error": {
      const status = statusNames[answer.status] ?? "INTERNAL"
      sendJson(response, answer.status, { error: { code: answer.status, message: answer.message, status } })
      return
    }
    case "stream":
      if (isStream) await sendStream(response, answer)
      else sendWhole(response, answer)
  }
}

async function sendStream(response: ServerResponse, answer: StreamAnswer): Promise<void> {
  const events = new EventStream(response)
  const send = (parts: readonly JsonObject[], more: JsonObject = {}) =>
    events.writeData({ candidates: [{ content: { role: "model", parts }, index: 0, ...more }] })
  try {
    for (const part of answer.parts) {
      switch (part.type) {
        case "message": {
          let isFirst = true
          for (const text of part.deltas) {
            if (!isFirst && part.gapMs > 0) await events.pause(part.gapMs)
            isFirst = false
            await send([{ text }])
          }
          break
        }
        case "reasoning":
          await send([{ text: part.text, thought: true }])
          break
        case "item":
          await send([callOf(part)])
      }
    }
    switch (answer.ending.type) {
      case "silent":
        return
      case "dropped":
        await send([{ text: "This answer is cut " }])
        await events.cut()
        return
      case "failed":
        await events.writeData({ error: { code: 500, message: "scripted failure", status: "INTERNAL" } })
        break
      case "stopped":
      case "completed":
        await events.writeData({
          candidates: [
            {
              content: { role: "model", parts: [{ text: "" }] },
              index: 0,
              finishReason: finishOf(answer.ending),
            },
          ],
          usageMetadata: usageOf(answer.usage),
        })
    }
    response.end()
  } catch (error) {
    // gemini went away in the middle (an interrupt): there is nobody to tell.
    if (!events.isClosed) throw error
  }
}

function finishOf(ending: Ending): string {
  if (ending.type !== "stopped" || ending.reason === "nothing") return "STOP"
  return ending.reason === "length" ? "MAX_TOKENS" : "SAFETY"
}

/** gemini asks so for what it does beside the conversation, and wants JSON in most cases. */
function sendWhole(response: ServerResponse, answer: StreamAnswer): void {
  const text = JSON.stringify({ reasoning: "scripted", next_speaker: "user", model_choice: "flash" })
  sendJson(response, 200, {
    candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, finishReason: "STOP" }],
    usageMetadata: usageOf(answer.usage),
  })
}

function callOf({ item }: Extract<AnswerPart, { type: "item" }>): JsonObject {
  const args: unknown = JSON.parse(stringOf(item.arguments))
  return { functionCall: { id: item.call_id, name: item.name, args } }
}

function usageOf(usage: Usage): JsonObject {
  return {
    promptTokenCount: usage.input,
    cachedContentTokenCount: usage.cached,
    candidatesTokenCount: usage.output,
    thoughtsTokenCount: usage.reasoning,
    totalTokenCount: usage.input + usage.output,
  }
}
