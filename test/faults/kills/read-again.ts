import { objectsOf, stringOf } from "../../model-server/wire.ts"
import { httpCall, jsonOf } from "../support/http-call.ts"
import type { Recorder } from "../support/recorder.ts"
import { SseEvents } from "../support/sse-events.ts"

const readTimeoutMs = 30_000
const readersAtOnce = 8

/** Reads everything that clients were told, or what is named, once more on every way there is. */
export class ReadAgain {
  readonly #port: number
  readonly #recorder: Recorder
  /** Responses that had not ended when they were last read. */
  readonly open = new Set<string>()
  /** Requests that had no end in time. */
  stuck = 0

  constructor(port: number, recorder: Recorder) {
    this.#port = port
    this.#recorder = recorder
  }

  async all(ids?: ReadonlySet<string>): Promise<void> {
    const { responses, completions, conversations, deleted } = this.#recorder
    const wanted = (id: string): boolean => ids === undefined || ids.has(id)
    const reads = [
      ...[...responses.keys()].filter(wanted).map((id) => () => this.#response(id)),
      ...[...completions.keys()].filter(wanted).map((id) => () => this.#completion(id)),
      ...[...deleted].filter(wanted).map((id) => () => this.#deleted(id)),
      ...[...conversations.keys()].filter(wanted).map((id) => () => this.#conversation(id)),
    ]
    const next = async (): Promise<void> => {
      for (let read = reads.shift(); read !== undefined; read = reads.shift()) await read()
    }
    await Promise.all(Array.from({ length: readersAtOnce }, next))
  }

  async #response(id: string): Promise<void> {
    const facts = this.#recorder.responses.get(id)
    const lastSequence = facts?.lastSequence ?? -1
    const found = await this.#get(`/v1/responses/${id}`)
    const resource = jsonOf(found)
    if (found.status !== 200 || resource === null) {
      if (found.status !== null) this.#recorder.readUnknown(id)
      return
    }
    this.#recorder.readResponse(resource)
    if (resource.status === "queued" || resource.status === "in_progress") {
      this.open.add(id)
      return
    }
    this.open.delete(id)
    if (lastSequence >= 0) this.#recorder.readRest(id, lastSequence, await this.#events(id, lastSequence))
    this.#recorder.readReplay(id, await this.#events(id, null))
  }

  async #events(id: string, after: number | null): ReturnType<ReadAgain["eventsOf"]> {
    return this.eventsOf(`/v1/responses/${id}?stream=true${after === null ? "" : `&starting_after=${after}`}`)
  }

  async eventsOf(path: string): Promise<ReturnType<SseEvents["push"]>> {
    return new SseEvents().push((await this.#get(path)).text)
  }

  async #deleted(id: string): Promise<void> {
    const { status } = await this.#get(`/v1/responses/${id}`)
    if (status === 200) this.#recorder.readUndeleted(id)
  }

  async #completion(id: string): Promise<void> {
    const found = await this.#get(`/v1/chat/completions/${id}`)
    const completion = jsonOf(found)
    if (found.status === 200 && completion !== null) this.#recorder.readCompletion(completion)
    else if (this.#recorder.completions.get(id)?.isEnded === true && found.status !== null) {
      this.#recorder.readUnknown(id)
    }
  }

  async #conversation(id: string): Promise<void> {
    const found = await this.#get(`/v1/conversations/${id}/items?order=asc&limit=100`)
    const page = jsonOf(found)
    if (found.status !== 200 || page === null) {
      if (found.status !== null) this.#recorder.readUnknown(id)
      return
    }
    const items = objectsOf(page.data)
    this.#recorder.readItems(id, items)
    const ended = [...this.#recorder.responses.values()].map(({ end }) => end).filter((end) => end !== null)
    const turns = ended.filter((end) => end.status === "completed" && conversationOf(end.conversation) === id)
    const expected = turns.flatMap((end) => objectsOf(end.output).map((item) => stringOf(item.id)))
    if (page.has_more !== true) this.#recorder.expectItems(id, items, expected)
  }

  async #get(path: string): ReturnType<typeof httpCall> {
    const result = await httpCall({ port: this.#port, method: "GET", path, timeoutMs: readTimeoutMs })
    if (result.end !== "whole") this.stuck += 1
    return result
  }
}

function conversationOf(value: unknown): string {
  return typeof value === "object" && value !== null && "id" in value ? stringOf(value.id) : stringOf(value)
}
