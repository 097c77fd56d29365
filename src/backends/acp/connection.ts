import type { z } from "zod"
import { messageOf } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import { CliProcess, type CliProcessOptions } from "../kit/process/cli-process.ts"
import { exitReason } from "../kit/process/exit-reason.ts"
import { handshakeError } from "../kit/process/handshake-error.ts"
import type { SupervisedProcess } from "../kit/process/process-supervisor.ts"
import { StartError } from "../kit/process/start-error.ts"
import { JsonLines } from "../kit/rpc/json-lines.ts"
import { type RequestId, RpcClient } from "../kit/rpc/rpc-client.ts"
import type { AcpCli } from "./clis.ts"
import type { Trouble } from "./errors.ts"
import type { AcpTimeouts } from "./options.ts"
import {
  type AgentDescription,
  initializeResultSchema,
  parseUpdate,
  protocolVersion,
  type SessionUpdate,
} from "./protocol.ts"

const maxLineBytes = 256 * 1024 * 1024
/** Of stderr, which may be one line without an end. */
const maxErrorLineLength = 64 * 1024

export interface AcpConnectionOptions
  extends Pick<CliProcessOptions, "file" | "args" | "cwd" | "env" | "running" | "spawn"> {
  readonly cli: AcpCli
  readonly timeouts: AcpTimeouts
  readonly log: Log
  readonly onUpdate: (sessionId: string, update: SessionUpdate) => void
  readonly onTrouble: (trouble: Trouble) => void
  readonly onRequest: (id: RequestId, method: string, params: unknown) => void
}

/** One life of a program that speaks the Agent Client Protocol: a process and the conversation with it. */
export class AcpConnection implements SupervisedProcess {
  readonly #options: AcpConnectionOptions
  readonly #process: CliProcess
  readonly #rpc: RpcClient
  readonly #misread = new Set<string>()
  readonly exited: Promise<string>
  #description: AgentDescription | null = null
  #isAlive = true
  /** The beginning of a line on stderr. */
  #errorLine = ""

  constructor(options: AcpConnectionOptions) {
    this.#options = options
    const { log, cli } = options
    const lines = new JsonLines(maxLineBytes, (bytes) =>
      log("error", `${cli.kind} wrote a line above the limit; it was left out`, { bytes }),
    )
    this.#rpc = new RpcClient({
      program: cli.kind,
      isStandard: true,
      write: (line) => this.#process.write(`${line}\n`),
      onNotification: (method, params, line) => this.#notified(method, params, line),
      onRequest: options.onRequest,
      onTimeout: (method) => {
        log("error", `${cli.kind} does not answer and is replaced`, { method })
        void this.end()
      },
      log,
    })
    this.#process = new CliProcess({
      ...options,
      stdin: null,
      holdsStdin: true,
      onOutput: (chunk) => {
        for (const line of lines.push(chunk)) this.#rpc.receive(line)
      },
      onErrorOutput: (text) => this.#readErrorOutput(text),
    })
    this.exited = this.#process.exited.then((exit) => {
      const reason = exitReason(exit)
      this.#isAlive = false
      this.#rpc.close(reason)
      // Its shells are in sessions of their own, and outlive a program that died.
      void this.end()
      return reason
    })
  }

  get pid(): number {
    return this.#process.pid
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get stderrTail(): string {
    return this.#process.stderrTail
  }

  get strayText(): string {
    return this.#rpc.strayText
  }

  get description(): AgentDescription {
    if (this.#description === null) throw new Error("the handshake comes first")
    return this.#description
  }

  async initialize(): Promise<void> {
    const { cli, timeouts } = this.#options
    const params = {
      protocolVersion,
      // Its own file system and its own shells: what is served from here would be slower and no safer.
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      clientInfo: { name: "ai-agent-proxy", version: "1" },
    }
    const { handshakeMs } = timeouts
    try {
      this.#description = await this.request("initialize", params, initializeResultSchema, handshakeMs)
    } catch (error) {
      throw handshakeError(error, {
        program: cli.kind,
        protocol: "the Agent Client Protocol",
        said: `${this.#rpc.strayText}${this.stderrTail}`,
        installStep: cli.installStep,
      })
    }
    if (this.#description.protocolVersion !== protocolVersion) {
      throw new StartError(
        `${cli.kind} speaks another version of the Agent Client Protocol than ${protocolVersion}`,
        `${cli.installStep} in another version.`,
        { detail: `version ${this.#description.protocolVersion}` },
      )
    }
  }

  /** `timeoutMs` null: no deadline, for a prompt. */
  request<T>(
    method: string,
    params: unknown,
    result: z.ZodType<T>,
    timeoutMs: number | null = this.#options.timeouts.requestMs,
  ): Promise<T> {
    return this.#rpc.request(method, params, result, timeoutMs)
  }

  /** See `RpcClient.ping`. */
  ping(method: string, timeoutMs: number): Promise<void> {
    return this.#rpc.ping(method, timeoutMs)
  }

  notify(method: string, params: unknown): void {
    this.#rpc.notify(method, params)
  }

  respond(id: RequestId, result: unknown): void {
    this.#rpc.respond(id, result)
  }

  refuse(id: RequestId, code: number, message: string): void {
    this.#rpc.refuse(id, code, message)
  }

  /** Ends it with all that it started; from now on it is not to be used. Safe twice. */
  async end(): Promise<void> {
    this.#isAlive = false
    this.#process.closeStdin()
    await this.#process.end(this.#options.timeouts.endSteps)
  }

  #readErrorOutput(text: string): void {
    const { cli, onTrouble } = this.#options
    if (cli.troubleIn === undefined) return
    const lines = (this.#errorLine + text).split("\n")
    this.#errorLine = lines.pop()?.slice(0, maxErrorLineLength) ?? ""
    for (const line of lines) {
      const trouble = cli.troubleIn(line)
      if (trouble !== null) onTrouble(trouble)
    }
  }

  #notified(method: string, params: unknown, line: string): void {
    if (method !== "session/update") return
    try {
      const parsed = parseUpdate(params, line)
      if (parsed !== null) this.#options.onUpdate(parsed.sessionId, parsed.update)
    } catch (error) {
      // Once a form: a program of another version may send thousands.
      const reason = messageOf(error)
      if (this.#misread.has(reason) || this.#misread.size > 20) return
      this.#misread.add(reason)
      this.#options.log("warn", `${this.#options.cli.kind} sent an update of unexpected form`, { reason })
    }
  }
}
