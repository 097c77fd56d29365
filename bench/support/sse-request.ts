import { type Agent, type IncomingMessage, request } from "node:http"

export interface Target {
  readonly port: number
  /** Null: none is sent. */
  readonly key: string | null
}

export interface StreamOptions {
  readonly agent: Agent
  /** Continues this response. */
  readonly previousResponseId?: string
  /** After the first content the reader stops for so long. */
  readonly stallMs?: number
  /** Keeps the body, for `deliveredInOrder`. */
  readonly keepsBody?: boolean
}

export interface StreamResult {
  /** Milliseconds from the request to the first delta, and to the end. */
  readonly firstMs: number
  readonly totalMs: number
  readonly deltas: number
  readonly responseId: string | null
  /** Empty unless `keepsBody`. */
  readonly body: readonly Buffer[]
}

const timeoutMs = 120_000
const deltaMark = Buffer.from("event: response.output_text.delta\n")
const completedMark = Buffer.from("event: response.completed\n")
const doneMark = Buffer.from("data: [DONE]\n\n")

/** Runs one streamed turn of `POST /v1/responses`; rejects unless it ended as completed. */
export function streamTurn(target: Target, input: string, options: StreamOptions): Promise<StreamResult> {
  return streamPost(target, { input }, options)
}

/** The same with other fields: an input of items, functions. */
export function streamPost(target: Target, fields: object, options: StreamOptions): Promise<StreamResult> {
  const body = JSON.stringify({
    model: "manager",
    stream: true,
    ...fields,
    ...(options.previousResponseId === undefined ? {} : { previous_response_id: options.previousResponseId }),
  })
  return send(target, { method: "POST", path: "/v1/responses", body }, options)
}

/** The events of a stored stream behind number `startingAfter`, to its end. */
export function replayStream(
  target: Target,
  responseId: string,
  startingAfter: number,
  options: StreamOptions,
): Promise<StreamResult> {
  const path = `/v1/responses/${responseId}?stream=true&starting_after=${startingAfter}`
  return send(target, { method: "GET", path, body: null }, options)
}

function send(
  target: Target,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: string | null },
  options: StreamOptions,
): Promise<StreamResult> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: target.port,
        path,
        method,
        agent: options.agent,
        timeout: timeoutMs,
        headers: {
          ...(body === null
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          ...(target.key === null ? {} : { authorization: `Bearer ${target.key}` }),
        },
      },
      (incoming) => readStream(incoming, startedAt, options).then(resolve, reject),
    )
    outgoing.once("timeout", () => outgoing.destroy(new Error(`the service was silent for ${timeoutMs} ms`)))
    outgoing.once("error", reject)
    outgoing.end(body ?? undefined)
  })
}

async function readStream(
  incoming: IncomingMessage,
  startedAt: number,
  { stallMs, keepsBody }: StreamOptions,
): Promise<StreamResult> {
  const counter = new MarkCounter()
  const body: Buffer[] = []
  let firstMs: number | null = null
  let head = ""
  await new Promise<void>((resolve, reject) => {
    incoming.on("data", (chunk: Buffer) => {
      counter.push(chunk)
      if (keepsBody) body.push(chunk)
      if (head.length < 200) head += chunk.toString("latin1", 0, 400)
      if (firstMs !== null || counter.deltas === 0) return
      firstMs = performance.now() - startedAt
      if (stallMs === undefined) return
      incoming.pause()
      setTimeout(() => incoming.resume(), stallMs)
    })
    incoming.once("end", resolve)
    incoming.once("error", reject)
    incoming.once("aborted", () => reject(new Error("the stream was cut")))
  })
  const totalMs = performance.now() - startedAt
  if (incoming.statusCode !== 200 || !counter.isComplete) {
    throw new Error(`status ${incoming.statusCode}, not completed: ${head.slice(0, 300)}`)
  }
  const responseId = /"id":"(resp_[0-9a-f]+)"/.exec(head)?.[1] ?? null
  return { firstMs: firstMs ?? totalMs, totalMs, deltas: counter.deltas, responseId, body }
}

/** Counts frames without decoding them: the reader shares the machine with what it measures. */
class MarkCounter {
  deltas = 0
  #tail = Buffer.alloc(0)
  #hasCompleted = false

  push(chunk: Buffer): void {
    const bytes = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk])
    let end = 0
    for (let at = bytes.indexOf(deltaMark); at !== -1; at = bytes.indexOf(deltaMark, end)) {
      this.deltas += 1
      end = at + deltaMark.length
    }
    if (!this.#hasCompleted) this.#hasCompleted = bytes.includes(completedMark)
    this.#tail = Buffer.from(bytes.subarray(Math.max(end, bytes.length - deltaMark.length + 1)))
  }

  get isComplete(): boolean {
    return this.#hasCompleted && this.#tail.subarray(-doneMark.length).equals(doneMark)
  }
}

/** How many deltas of the stub stand in the body one after the other, from number 0 on, without a gap. */
export function deliveredInOrder(body: readonly Buffer[]): number {
  let expected = 0
  for (const match of Buffer.concat(body)
    .toString("utf8")
    .matchAll(/"delta":"(\d{7})/g)) {
    if (Number(match[1]) !== expected) return expected
    expected += 1
  }
  return expected
}
