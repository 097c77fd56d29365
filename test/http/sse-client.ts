import { type ClientRequest, type IncomingMessage, request } from "node:http"
import { expect, onTestFinished } from "vitest"
import { chatStreamFaults } from "../clients/chat-stream-validity.ts"
import { responsesStreamFaults } from "../clients/wire-validity.ts"
import { until } from "./http-fixture.ts"

/** A streaming client on a socket of its own that can stall, leave and see what came so far. */
export class SseClient {
  readonly request: ClientRequest
  answer: IncomingMessage | null = null
  text = ""
  isEnded = false
  #error: Error | null = null

  constructor(url: string, body: object, headers: Record<string, string> = {}) {
    this.request = request(url, {
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json", ...headers },
    })
    this.request.on("response", (answer) => {
      this.answer = answer
      answer.setEncoding("utf8")
      answer.on("data", (chunk: string) => {
        this.text += chunk
      })
      answer.on("end", () => {
        this.isEnded = true
      })
      answer.on("error", (error) => {
        this.#error = error
      })
    })
    this.request.on("error", (error) => {
      this.#error = error
    })
    this.request.end(JSON.stringify(body))
    onTestFinished(() => {
      this.request.destroy()
    })
  }

  /** Closes the connection without reading on. */
  leave(): void {
    this.request.destroy()
  }

  get isCut(): boolean {
    return this.#error !== null
  }

  async sees(part: string): Promise<void> {
    await until(`the stream shows ${part}`, () => this.text.includes(part))
  }

  /** Resolves with all that came; a stream of the API has to be valid. */
  async ended(deadlineMs = 10_000): Promise<string> {
    await until("the stream has ended", () => this.isEnded, deadlineMs)
    if (this.answer?.headers["content-type"]?.startsWith("text/event-stream") === true) this.#check()
    return this.text
  }

  #check(): void {
    const { path } = this.request
    if (path === "/v1/responses") expect(responsesStreamFaults(this.text)).toEqual([])
    if (path === "/v1/chat/completions") expect(chatStreamFaults(this.text, false)).toEqual([])
  }

  /** The JSON of all `data:` lines but `[DONE]`. */
  // biome-ignore lint/suspicious/noExplicitAny: wire objects of many forms, which the tests look into freely
  events(): any[] {
    return this.text
      .split("\n")
      .filter((line) => line.startsWith("data: {"))
      .map((line) => JSON.parse(line.slice(6)))
  }
}
