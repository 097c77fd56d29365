import { randomUUID } from "node:crypto"
import { ProxyError } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import { CliProcess, type ProgramCall } from "../kit/process/cli-process.ts"
import { type CliExit, exitReason, reasonWithTail } from "../kit/process/exit-reason.ts"
import type { RunningProcesses } from "../kit/process/running-processes.ts"
import { JsonLines } from "../kit/rpc/json-lines.ts"
import { StrayLines } from "../kit/rpc/json-noise.ts"
import type { ClaudeTimeouts } from "./options.ts"
import { type ClaudeEvent, parseClaudeEvent } from "./protocol.ts"

export interface ClaudeProcessOptions {
  readonly call: ProgramCall
  readonly running: RunningProcesses
  readonly timeouts: ClaudeTimeouts
  readonly log: Log
  readonly onEvent: (event: ClaudeEvent) => void
  /** Once, when the process is gone and all that it said was told. */
  readonly onExit: (exit: CliExit) => void
}

/** One line holds a whole message, with a tool's whole output. */
const maxLineBytes = 64 * 1024 * 1024

type Answer = { readonly isSuccess: boolean; readonly error: string | null }

/** One kept-open `claude -p`: lines of JSON in both directions. */
export class ClaudeProcess {
  readonly #options: ClaudeProcessOptions
  readonly #process: CliProcess
  readonly #lines: JsonLines
  readonly #requests = new Map<string, (answer: Answer) => void>()
  #closing: Promise<void> | null = null
  #isEnding = false
  #lastError: string | null = null
  /** What it printed in place of events, if nothing came after it. */
  readonly #stray: StrayLines
  #hasRead = false

  constructor(options: ClaudeProcessOptions) {
    this.#options = options
    this.#stray = new StrayLines("claude", options.log)
    this.#lines = new JsonLines(maxLineBytes, (bytes) => {
      options.log("error", "claude wrote a line above the limit; it was left out", { bytes })
    })
    this.#process = new CliProcess({
      call: options.call,
      stdin: null,
      holdsStdin: true,
      running: options.running,
      onOutput: (chunk) => this.#read(chunk),
    })
    void this.#process.exited.then((exit) => {
      for (const resolve of this.#requests.values()) resolve({ isSuccess: false, error: this.describe(exit) })
      this.#requests.clear()
      options.onExit(exit)
    })
  }

  get pid(): number {
    return this.#process.pid
  }

  get hasExited(): boolean {
    return this.#process.hasExited
  }

  /** True: it takes no more turns. It may still be there. */
  get isEnding(): boolean {
    return this.#isEnding || this.hasExited
  }

  /** Nothing of it is left. Never rejects. */
  get settled(): Promise<void> {
    return this.#process.settled
  }

  send(message: Readonly<Record<string, unknown>>): void {
    this.#process.write(`${JSON.stringify(message)}\n`)
  }

  /** Asks claude itself. Rejects with `ProxyError` when refused, or not answered in time. */
  async request(
    subtype: string,
    timeoutMs: number,
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const id = randomUUID()
    let timer: NodeJS.Timeout | undefined
    const answer = await new Promise<Answer>((resolve) => {
      this.#requests.set(id, resolve)
      timer = setTimeout(resolve, timeoutMs, {
        isSuccess: false,
        error: `claude does not answer (${subtype})`,
      })
      this.send({ type: "control_request", request_id: id, request: { subtype, ...fields } })
      if (this.hasExited) resolve({ isSuccess: false, error: "claude has ended" })
    })
    clearTimeout(timer)
    this.#requests.delete(id)
    if (!answer.isSuccess) throw new ProxyError("backend_error", answer.error ?? `claude refused ${subtype}`)
  }

  /** Lets it end by itself, and ends it with all that it started when it does not. */
  close(): Promise<void> {
    this.#isEnding = true
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Ends it with all that it started. */
  end(): Promise<void> {
    this.#isEnding = true
    return this.#process.end(this.#options.timeouts.endSteps)
  }

  /** Why it ended, for people. */
  describe(exit: CliExit): string {
    const { stderrTail } = this.#process
    const said = stderrTail.trim() === "" ? this.#stray.text : stderrTail
    return reasonWithTail(`claude ${exitReason(exit)}`, this.#lastError ?? said)
  }

  async #close(): Promise<void> {
    this.#process.closeStdin()
    const timer = setTimeout(() => void this.end(), this.#options.timeouts.closeMs)
    await this.#process.exited
    clearTimeout(timer)
    await this.settled
  }

  #read(chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      const event = parseClaudeEvent(line, !this.#hasRead)
      if (event === "garbage") {
        // An update notice, or a tool that writes to stdout: no part of the protocol.
        this.#stray.take(line)
        continue
      }
      this.#hasRead = true
      this.#stray.forget()
      if (event === "unknown") this.#options.log("debug", "claude sent an unknown event")
      else this.#handle(event)
    }
  }

  #handle(event: ClaudeEvent): void {
    if (event.type === "control_response") {
      const { request_id: id, subtype, error } = event.response
      this.#requests.get(id)?.({ isSuccess: subtype === "success", error: error ?? null })
      return
    }
    if (event.type === "control_request") {
      // It waits for an answer, whatever it asks for.
      const refusal = { subtype: "error", request_id: event.request_id, error: "not supported" }
      this.send({ type: "control_response", response: refusal })
      return
    }
    if (event.type === "result" && event.errors != null)
      this.#lastError = event.errors.join("\n").slice(0, 1_000)
    this.#options.onEvent(event)
  }
}
