import type { z } from "zod"
import { messageOf } from "../../../domain/errors.ts"
import type { Log } from "../../../domain/log.ts"
import { CliProcess, type ProgramCall } from "../process/cli-process.ts"
import { exitReason } from "../process/exit-reason.ts"
import type { TreeRoot } from "../process/process-tree.ts"
import type { RunningProcesses } from "../process/running-processes.ts"
import { StartError } from "../process/start-error.ts"
import { JsonLines } from "../rpc/json-lines.ts"
import { RpcClient, type RpcHandlers, RpcLostError } from "../rpc/rpc-client.ts"

const maxLineBytes = 256 * 1024 * 1024
/** So many forms of misread messages are logged: another version may send thousands. */
const maxMisread = 20

/** What is the same in each life of a program. */
export interface RpcProgram extends Pick<RpcHandlers, "isStandard" | "toJson"> {
  /** Its name in messages. */
  readonly name: string
  /** What it should speak. */
  readonly protocol: string
  readonly installStep: string
}

export interface RpcProcessOptions {
  readonly call: ProgramCall
  /** See `CliProcessOptions`. */
  readonly running?: RunningProcesses
  readonly timeouts: {
    /** From spawn to the answer of `initialize`. */
    readonly handshakeMs: number
    /** Any request; a program that answers none in this time is replaced. */
    readonly requestMs: number
  }
  readonly onRequest: RpcHandlers["onRequest"]
  readonly log: Log
}

/** One life of a program that speaks JSON-RPC: a process and the conversation with it. */
export abstract class RpcProcess {
  protected readonly process: CliProcess
  readonly rpc: RpcClient
  protected readonly log: Log
  readonly #program: RpcProgram
  readonly #timeouts: RpcProcessOptions["timeouts"]
  readonly #misread = new Set<string>()
  #isAlive = true
  /** Resolves with a sentence when it is gone or could not be started. Never rejects. */
  readonly exited: Promise<string>

  constructor(program: RpcProgram, options: RpcProcessOptions, endsAllAtExit = false) {
    const { name, installStep: _, protocol: __, ...form } = program
    const { call, running, onRequest, log } = options
    this.#program = program
    this.#timeouts = options.timeouts
    this.log = log
    const lines = new JsonLines(maxLineBytes, (bytes) =>
      log("error", `${name} wrote a line above the limit; it was left out`, { bytes }),
    )
    this.rpc = new RpcClient({
      ...form,
      program: name,
      write: (line) => this.process.write(`${line}\n`),
      onNotification: (method, params, line) => this.notified(method, params, line),
      onRequest,
      moreMs: (waitedMs) => this.moreMs(waitedMs),
      onTimeout: (method) => {
        log("error", `${name} does not answer and is replaced`, { method })
        this.kill()
      },
      log,
    })
    this.process = new CliProcess({
      call,
      stdin: null,
      holdsStdin: true,
      ...(endsAllAtExit && { endsAllAtExit }),
      ...(running !== undefined && { running }),
      onOutput: (chunk) => {
        for (const line of lines.push(chunk)) this.received(line)
      },
      onErrorOutput: (text) => this.readErrorOutput(text),
    })
    this.exited = this.process.exited.then((exit) => {
      const reason = exitReason(exit)
      this.#isAlive = false
      this.rpc.close(reason)
      this.afterExit()
      return reason
    })
  }

  get pid(): number {
    return this.process.pid
  }

  get tree(): TreeRoot {
    return this.process.tree
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get stderrTail(): string {
    return this.process.stderrTail
  }

  /** The beginning of what it wrote to stdout that was no part of its protocol. */
  get strayText(): string {
    return this.rpc.strayText
  }

  /** The handshake. */
  abstract initialize(): Promise<void>

  /** Safe twice. */
  abstract end(): Promise<void>

  /** `timeoutMs` null: no deadline. */
  request<T>(
    method: string,
    params: unknown,
    result: z.ZodType<T>,
    timeoutMs: number | null = this.#timeouts.requestMs,
  ): Promise<T> {
    return this.rpc.request(method, params, result, timeoutMs)
  }

  protected abstract notified(method: string, params: unknown, line: string): void

  /** It does not answer any more. */
  protected abstract kill(): void

  protected received(line: string): void {
    this.rpc.receive(line)
  }

  /** See `RpcHandlers`. */
  protected moreMs(_waitedMs: number): number {
    return 0
  }

  protected readErrorOutput(_text: string): void {
    // The tail that the process keeps is enough for most.
  }

  protected afterExit(): void {
    // Nobody has to look after it.
  }

  /** It is not to be used any more. */
  protected retire(): void {
    this.#isAlive = false
  }

  /** What it said instead is why it failed: an update notice, a question, an unknown option. */
  protected async handshake<T>(params: unknown, result: z.ZodType<T>): Promise<T> {
    try {
      return await this.request("initialize", params, result, this.#timeouts.handshakeMs)
    } catch (error) {
      if (!(error instanceof RpcLostError)) throw error
      const { name, protocol, installStep } = this.#program
      const words = `${this.strayText}${this.stderrTail}`.trim().slice(0, 600)
      if (/unknown (?:argument|option|command)|unrecognized|not a .*command/i.test(words)) {
        throw new StartError(
          `${name} does not speak ${protocol}; it is too old, or another program`,
          `${installStep} in its newest version.`,
          { detail: words },
        )
      }
      if (!error.isTimeout || words === "") throw error
      throw new StartError(
        `${name} does not answer, and prints something else`,
        "Run it in a terminal as this user and answer what it asks.",
        { detail: `${messageOf(error)}; it printed: ${words}` },
      )
    }
  }

  /** Once a form: a program of another version may send thousands. */
  protected misread(what: string, key: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#misread.has(key) || this.#misread.size > maxMisread) return
    this.#misread.add(key)
    this.log("warn", `${this.#program.name} sent ${what} of unexpected form`, fields)
  }
}
