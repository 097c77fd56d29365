import { Agent } from "node:http"
import { type JsonObject, objectsOf, stringOf } from "../../model-server/wire.ts"
import { type CallResult, httpCall, jsonOf } from "../support/http-call.ts"
import type { Random } from "../support/random.ts"
import type { Recorder } from "../support/recorder.ts"
import { SseEvents } from "../support/sse-events.ts"
import { socketTurn } from "./socket-turn.ts"

const callTimeoutMs = 30_000
const turnsOfConversation = 8
/** So many polls of one response are under way at any time: one of them falls between an end and its storing. */
const watchers = 3
const longestBeforeCancelMs = 300

/** Those that are polled come twice as often: a poll can come at any moment, also between an end and its storing. */
const turnKinds = [
  "chat",
  "chat stream",
  "response",
  "response stream",
  "watched",
  "watched",
  "polled",
  "polled",
  "background stream",
  "conversation",
  "chained",
  "socket",
  "cancelled",
] as const
type TurnKind = (typeof turnKinds)[number]

export interface KilledClientOptions {
  readonly port: number
  readonly random: Random
  readonly recorder: Recorder
  /** The input of a new turn. */
  readonly newInput: () => string
  /** A client has just been told that a turn has ended. */
  readonly onEnd: () => void
}

/** One of several clients that ask the service for turns, one after the other, until it is killed under them. */
export class KilledClient {
  readonly #options: KilledClientOptions
  readonly #agent = new Agent({ keepAlive: true })
  #conversation: { readonly id: string; turns: number } | null = null
  #lastResponse: string | null = null
  turns = 0
  /** Requests that had no end in time. */
  stuck = 0
  /** Answers that were neither a 200 nor cut by the kill. */
  readonly refusals: string[] = []

  constructor(options: KilledClientOptions) {
    this.#options = options
  }

  /** Asks for turns until a connection is cut or refused. */
  async run(): Promise<void> {
    for (;;) {
      if (!(await this.#turn(this.#options.random.pick(turnKinds)))) return
    }
  }

  /** False: the service is gone. */
  async #turn(kind: TurnKind): Promise<boolean> {
    const { random } = this.#options
    this.turns += 1
    const input = this.#options.newInput()
    switch (kind) {
      case "chat":
      case "chat stream":
        return this.#chat(input, kind === "chat stream")
      case "response":
      case "response stream":
        return this.#response({ input }, kind === "response stream")
      case "watched":
        return this.#response({ input, background: random.chance(0.5) }, true, true)
      case "polled":
        return this.#polled(input)
      case "background stream":
        return this.#response({ input, background: true }, true)
      case "conversation":
        return this.#inConversation(input)
      case "socket":
        return this.#overSocket(input)
      case "cancelled":
        return this.#cancelled(input)
      case "chained":
        return this.#response(
          { input, ...(this.#lastResponse !== null && { previous_response_id: this.#lastResponse }) },
          random.chance(0.5),
        )
    }
  }

  async #chat(input: string, isStreamed: boolean): Promise<boolean> {
    const { recorder, onEnd } = this.#options
    const events = new SseEvents()
    const body = {
      model: "manager",
      messages: [{ role: "user", content: input }],
      store: true,
      stream: isStreamed,
    }
    const result = await this.#call("POST", "/v1/chat/completions", body, (text) => {
      if (!isStreamed) return
      for (const chunk of events.push(text)) if (typeof chunk.id === "string") recorder.readCompletion(chunk)
    })
    const completion = isStreamed ? null : this.#bodyOf(result)
    if (completion !== null) recorder.readCompletion(completion)
    if (result.end === "whole") onEnd()
    return result.end === "whole"
  }

  /** `isWatched`: somebody else polls the same response meanwhile. */
  async #response(fields: JsonObject, isStreamed: boolean, isWatched = false): Promise<boolean> {
    const { recorder, onEnd } = this.#options
    const events = new SseEvents()
    let id = ""
    let watching: Promise<unknown> | null = null
    const body = { model: "manager", stream: isStreamed, ...fields }
    const result = await this.#call("POST", "/v1/responses", body, (text) => {
      if (!isStreamed) return
      for (const event of events.push(text)) {
        id ||= idOfCreated(event)
        if (id === "") continue
        recorder.readEvent(id, event)
        if (isWatched) watching ??= this.#watch(id)
      }
    })
    await watching
    const resource = isStreamed ? null : this.#bodyOf(result)
    if (resource !== null) recorder.readResponse(resource)
    if (result.end !== "whole") return false
    onEnd()
    const end = resource ?? recorder.responses.get(id)?.end ?? null
    if (end?.status === "completed") this.#lastResponse = stringOf(end.id)
    return true
  }

  /**
   * Polls to the end without a pause, and records that alone: two readers at once do not tell which of two readings of a
   * running response is the newer one.
   */
  async #watch(id: string): Promise<void> {
    const { recorder, onEnd } = this.#options
    const deadline = performance.now() + callTimeoutMs
    let isOver = false
    const watch = async (): Promise<void> => {
      while (!isOver) {
        const resource = this.#bodyOf(await this.#call("GET", `/v1/responses/${id}`))
        isOver ||= performance.now() > deadline
        if (resource === null) return
        if (resource.status === "queued" || resource.status === "in_progress") continue
        recorder.readResponse(resource)
        if (!isOver) onEnd()
        isOver = true
      }
    }
    await Promise.all(Array.from({ length: watchers }, watch))
  }

  async #polled(input: string): Promise<boolean> {
    const { recorder, random, onEnd } = this.#options
    const body = { model: "manager", input, background: true }
    const created = await this.#call("POST", "/v1/responses", body)
    let resource = this.#bodyOf(created)
    if (resource === null) return created.end === "whole"
    const deadline = performance.now() + callTimeoutMs
    while (resource.status === "queued" || resource.status === "in_progress") {
      recorder.readResponse(resource)
      await new Promise((resolve) => setTimeout(resolve, random.integer(0, 2)))
      const polled = await this.#call("GET", `/v1/responses/${stringOf(resource.id)}`)
      if (polled.end !== "whole") return false
      const next = this.#bodyOf(polled)
      if (next === null) return true
      resource = next
      if (performance.now() < deadline) continue
      this.stuck += 1
      return true
    }
    recorder.readResponse(resource)
    onEnd()
    return true
  }

  async #overSocket(input: string): Promise<boolean> {
    const { port, recorder, onEnd } = this.#options
    let id = ""
    const end = await socketTurn(port, input, {
      timeoutMs: callTimeoutMs,
      onEvent: (event) => {
        id ||= idOfCreated(event)
        if (id !== "") recorder.readEvent(id, event)
        else this.refusals.push(`WebSocket: ${JSON.stringify(event).slice(0, 200)}`)
      },
    })
    if (end === "timeout") this.stuck += 1
    if (end === "whole") onEnd()
    return end === "whole"
  }

  /** A background turn that is cancelled after a moment; half of them are deleted then. */
  async #cancelled(input: string): Promise<boolean> {
    const { recorder, random, onEnd } = this.#options
    const created = this.#bodyOf(
      await this.#call("POST", "/v1/responses", { model: "manager", input, background: true }),
    )
    if (created === null) return false
    recorder.readResponse(created)
    const path = `/v1/responses/${stringOf(created.id)}`
    await new Promise((resolve) => setTimeout(resolve, random.integer(0, longestBeforeCancelMs)))
    const cancelled = this.#bodyOf(await this.#call("POST", `${path}/cancel`))
    if (cancelled === null) return false
    recorder.readResponse(cancelled)
    if (random.chance(0.5)) {
      // From here on it may be gone or not, until the answer says that it is.
      recorder.responses.delete(stringOf(created.id))
      const deleted = await this.#call("DELETE", path)
      if (deleted.end !== "whole") return false
      if (deleted.status === 200) recorder.deleted.add(stringOf(created.id))
    }
    onEnd()
    return true
  }

  async #inConversation(input: string): Promise<boolean> {
    const { recorder, random } = this.#options
    if (this.#conversation === null || this.#conversation.turns >= turnsOfConversation) {
      const created = this.#bodyOf(await this.#call("POST", "/v1/conversations", {}))
      if (created === null) return false
      this.#conversation = { id: stringOf(created.id), turns: 0 }
      recorder.readItems(this.#conversation.id, [])
    }
    const { id } = this.#conversation
    this.#conversation.turns += 1
    if (!(await this.#response({ input, conversation: id }, random.chance(0.5)))) return false
    const listed = await this.#call("GET", `/v1/conversations/${id}/items?order=asc&limit=100`)
    const page = this.#bodyOf(listed)
    if (page !== null) recorder.readItems(id, objectsOf(page.data))
    return listed.end === "whole"
  }

  async #call(
    method: string,
    path: string,
    body?: object,
    onText?: (text: string) => void,
  ): Promise<CallResult> {
    const result = await httpCall({
      port: this.#options.port,
      method,
      path,
      agent: this.#agent,
      timeoutMs: callTimeoutMs,
      ...(body !== undefined && { body }),
      ...(onText !== undefined && { onText }),
    })
    if (result.end === "timeout") this.stuck += 1
    if (result.end === "whole" && result.status !== 200) {
      this.refusals.push(`${method} ${path}: ${result.status} ${result.text.slice(0, 200)}`)
    }
    return result
  }

  /** Null: there is no whole body, or it is an error. */
  #bodyOf(result: CallResult): JsonObject | null {
    return result.end === "whole" && result.status === 200 ? jsonOf(result) : null
  }
}

function idOfCreated(event: JsonObject): string {
  const { response } = event
  return typeof response === "object" && response !== null && "id" in response ? stringOf(response.id) : ""
}
