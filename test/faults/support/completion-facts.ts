import { isObject, type JsonObject, objectsOf, stringOf } from "../../model-server/wire.ts"
import { differences } from "./response-facts.ts"

/** What a client has read of one chat completion, and what contradicts it. */
export class CompletionFacts {
  #text = ""
  #end: JsonObject | null = null

  /** True once a client was told the end: from then on it must be there. */
  get isEnded(): boolean {
    return this.#end !== null
  }

  /** A whole completion, of `POST` or `GET`. */
  readWhole(completion: JsonObject): string[] {
    const choice = objectsOf(completion.choices)[0] ?? {}
    const message = isObject(choice.message) ? choice.message : {}
    return this.#readEnd(stringOf(message.content), choice.finish_reason)
  }

  readChunk(chunk: JsonObject): string[] {
    const choice = objectsOf(chunk.choices)[0]
    if (choice === undefined) return []
    const delta = isObject(choice.delta) ? choice.delta : {}
    this.#text += stringOf(delta.content)
    return typeof choice.finish_reason === "string" ? this.#readEnd(this.#text, choice.finish_reason) : []
  }

  #readEnd(text: string, reason: unknown): string[] {
    const now = { text, reason }
    if (this.#end !== null) return differences("the completion", this.#end, now)
    this.#end = now
    return text.startsWith(this.#text) ? [] : [`the text was told as ${this.#text} and is ${text}`]
  }
}
