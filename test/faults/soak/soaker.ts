import type { Agent } from "node:http"
import { isObject, type JsonObject, objectsOf, stringOf } from "../../model-server/wire.ts"
import { type CallResult, httpCall, jsonOf } from "../support/http-call.ts"
import type { Random } from "../support/random.ts"
import type { Recorder } from "../support/recorder.ts"
import { SseEvents } from "../support/sse-events.ts"

export interface SoakerOptions {
  readonly port: number
  readonly agent: Agent
  readonly random: Random
  readonly recorder: Recorder
}

const turnTimeoutMs = 60_000
const longestConversation = 6

interface Made {
  readonly kind: "responses" | "chat/completions"
  readonly id: string
}

/** One client for long: conversations of a few turns, by either endpoint, some of whose answers it deletes. */
export class Soaker {
  readonly #options: SoakerOptions
  readonly #made: Made[] = []
  readonly #deleted: Made[] = []
  #previous: { readonly id: string; readonly turns: number } | null = null
  #messages: JsonObject[] = []
  readonly failures: string[] = []
  /** Answers that were deleted and can be read all the same. */
  undeleted = 0

  constructor(options: SoakerOptions) {
    this.#options = options
  }

  async turn(): Promise<void> {
    const { random } = this.#options
    const input = `deltas=${random.integer(1, 40)} size=${random.integer(8, 64)}`
    const isStreamed = random.chance(0.5)
    if (random.chance(0.5)) await this.#chat(input, isStreamed)
    else await this.#response(input, isStreamed)
    if (random.chance(0.1)) await this.#delete()
  }

  /** Everything that was made and not deleted is as it was; what was deleted is gone. */
  async readAll(timeoutMs: number): Promise<void> {
    const { recorder } = this.#options
    for (const { kind, id } of this.#made) {
      const found = await this.#call("GET", `/v1/${kind}/${id}`, undefined, timeoutMs)
      const body = found.status === 200 ? jsonOf(found) : null
      if (body === null) recorder.readUnknown(id)
      else if (kind === "responses") recorder.readResponse(body)
      else recorder.readCompletion(body)
    }
    for (const { kind, id } of this.#deleted) {
      const found = await this.#call("GET", `/v1/${kind}/${id}`, undefined, timeoutMs)
      if (found.status !== 404) this.undeleted += 1
    }
  }

  async #chat(input: string, isStreamed: boolean): Promise<void> {
    const { recorder } = this.#options
    if (this.#messages.length >= 2 * longestConversation) this.#messages = []
    const messages = [...this.#messages, { role: "user", content: input }]
    const body = { model: "manager", messages, store: true, stream: isStreamed }
    const result = await this.#call("POST", "/v1/chat/completions", body)
    const objects = objectsIn(result, isStreamed)
    for (const object of objects) recorder.readCompletion(object)
    const id = stringOf(objects[0]?.id)
    if (recorder.completions.get(id)?.isEnded !== true) return this.#failed("chat", result)
    this.#made.push({ kind: "chat/completions", id })
    this.#messages = [...messages, { role: "assistant", content: contentOf(objects) }]
  }

  async #response(input: string, isStreamed: boolean): Promise<void> {
    const { recorder } = this.#options
    if (this.#previous !== null && this.#previous.turns >= longestConversation) this.#previous = null
    const body = {
      model: "manager",
      input,
      stream: isStreamed,
      ...(this.#previous !== null && { previous_response_id: this.#previous.id }),
    }
    const result = await this.#call("POST", "/v1/responses", body)
    const objects = objectsIn(result, isStreamed)
    const resource = isStreamed ? objects.at(-1)?.response : objects[0]
    if (!isObject(resource) || resource.status !== "completed") return this.#failed("response", result)
    const id = stringOf(resource.id)
    if (isStreamed) for (const event of objects) recorder.readEvent(id, event)
    else recorder.readResponse(resource)
    this.#made.push({ kind: "responses", id })
    this.#previous = { id, turns: (this.#previous?.turns ?? 0) + 1 }
  }

  /** One of its answers that no conversation goes on from. */
  async #delete(): Promise<void> {
    const index = this.#options.random.integer(0, Math.max(0, this.#made.length - 1))
    const made = this.#made[index]
    if (made === undefined || made.id === this.#previous?.id) return
    const result = await this.#call("DELETE", `/v1/${made.kind}/${made.id}`)
    if (result.status !== 200) return this.#failed("delete", result)
    this.#made.splice(index, 1)
    this.#deleted.push(made)
  }

  #call(method: string, path: string, body?: object, timeoutMs = turnTimeoutMs): Promise<CallResult> {
    const { port, agent } = this.#options
    return httpCall({ port, agent, method, path, timeoutMs, ...(body !== undefined && { body }) })
  }

  #failed(what: string, { end, status, code, text }: CallResult): void {
    this.failures.push(`${what}: ${end} ${status} ${code} ${text.slice(0, 200)}`)
  }
}

/** The body, or all events of a stream that came to its end. */
function objectsIn(result: CallResult, isStreamed: boolean): JsonObject[] {
  if (result.end !== "whole" || result.status !== 200) return []
  if (isStreamed) return new SseEvents().push(result.text)
  const body = jsonOf(result)
  return body === null ? [] : [body]
}

function contentOf(objects: readonly JsonObject[]): string {
  return objects
    .map((object) => {
      const choice = objectsOf(object.choices)[0] ?? {}
      const said = choice.delta ?? choice.message
      return isObject(said) ? stringOf(said.content) : ""
    })
    .join("")
}
