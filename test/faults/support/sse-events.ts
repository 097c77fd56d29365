import type { JsonObject } from "../../model-server/wire.ts"

/** Takes an event stream apart while it comes; only whole blocks are events. */
export class SseEvents {
  #rest = ""
  #isDone = false

  /** The objects of `data:` lines that have become whole with this piece; a sign of life tells nothing of the answer. */
  push(piece: string): JsonObject[] {
    const blocks = (this.#rest + piece).split("\n\n")
    this.#rest = blocks.pop() ?? ""
    return blocks.flatMap((block) => {
      const data = block
        .split("\n")
        .filter((line) => line.startsWith("data: "))
        .map((line) => line.slice("data: ".length))
        .join("\n")
      if (data === "[DONE]") this.#isDone = true
      if (data === "" || data === "[DONE]") return []
      const event = JSON.parse(data) as JsonObject
      return event.type === "keepalive" ? [] : [event]
    })
  }

  /** `[DONE]` was read: the stream is over, not cut. */
  get isDone(): boolean {
    return this.#isDone
  }
}
