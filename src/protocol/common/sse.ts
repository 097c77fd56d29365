import { isLongJson, jsonPieces } from "../../domain/json-pieces.ts"

/** Whole frames: a text, or its pieces one after the other, made as they are asked for. */
export type SseText = string | Iterable<string>

/** The last line of a stream; Open Responses asks for it, and chat clients wait for it. */
export const doneSse = "data: [DONE]\n\n"

/** An event of the Responses API. JSON text has no line breaks. */
export function namedSse(type: string, json: string): string {
  return `event: ${type}\ndata: ${json}\n\n`
}

/** The same of an object, in pieces where it holds a long text. */
export function eventSse(event: { readonly type: string }): SseText {
  return isLongJson(event) ? longSse(event) : namedSse(event.type, JSON.stringify(event))
}

/** Frames one after the other. */
export function joinSse(frames: readonly SseText[]): SseText {
  return frames.every((frame) => typeof frame === "string") ? frames.join("") : piecesOf(frames)
}

function* longSse(event: { readonly type: string }): Generator<string> {
  yield `event: ${event.type}\ndata: `
  yield* jsonPieces(event)
  yield "\n\n"
}

function* piecesOf(frames: readonly SseText[]): Generator<string> {
  for (const frame of frames) {
    if (typeof frame === "string") yield frame
    else yield* frame
  }
}
