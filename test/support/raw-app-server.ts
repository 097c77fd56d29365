import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { codexNativeBinary } from "./codex-binary.ts"
import { waitFor } from "./wait-for.ts"

type Fields = Readonly<Record<string, unknown>>

/** A notification or a request of codex, as it was on the wire. */
export interface AppServerMessage {
  readonly id?: unknown
  readonly method: string
  readonly params: Fields
}

export interface FinishedTurn {
  readonly id: string
  readonly status: string
  /** Every item that was completed in the turn, in order. */
  readonly items: readonly Fields[]
  /** Text of the last message of the agent. */
  readonly answer: string
}

/** Answers `item/tool/call` with a text. */
export type ToolHandler = (tool: string, args: unknown) => string

/**
 * `codex app-server` with as little in between as possible: the yardstick for the backend and for the scripted model. It
 * answers tool calls and nothing else.
 */
export class RawAppServer {
  /** Everything that codex sent on its own account, oldest first. */
  readonly messages: AppServerMessage[] = []
  #child: ChildProcessWithoutNullStreams
  #waiting = new Map<number, (message: Fields) => void>()
  #nextId = 0
  #onToolCall: ToolHandler

  private constructor(child: ChildProcessWithoutNullStreams, onToolCall: ToolHandler) {
    this.#child = child
    this.#onToolCall = onToolCall
    child.stderr.resume()
    createInterface({ input: child.stdout }).on("line", (line) => this.#receive(line))
  }

  static async start(
    env: Record<string, string>,
    onToolCall: ToolHandler = () => "no tool here",
  ): Promise<RawAppServer> {
    const server = new RawAppServer(spawn(codexNativeBinary(), ["app-server"], { env }), onToolCall)
    await server.request("initialize", {
      clientInfo: { name: "raw", title: "Raw", version: "1" },
      capabilities: { experimentalApi: true, requestAttestation: false },
    })
    server.#send({ method: "initialized" })
    return server
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("codex did not start")
    return this.#child.pid
  }

  /** The `result` of the answer; rejects with codex's error message. */
  async request(method: string, params: Fields): Promise<Fields> {
    const id = this.#nextId++
    const answer = new Promise<Fields>((resolve) => this.#waiting.set(id, resolve))
    this.#send({ id, method, params })
    const message = await answer
    if (isFields(message.error)) throw new Error(`${method}: ${String(message.error.message)}`)
    return isFields(message.result) ? message.result : {}
  }

  /** Starts a thread that may do everything, and gives its id. */
  async startThread(cwd: string, params: Fields = {}): Promise<string> {
    const result = await this.request("thread/start", {
      cwd,
      approvalPolicy: "never",
      sandbox: "danger-full-access",
      config: { features: { goals: false, multi_agent: false } },
      ...params,
    })
    return textField(result.thread, "id")
  }

  /** Runs one turn to its end. `input` is a text, or app-server input items. */
  async runTurn(
    threadId: string,
    input: string | readonly Fields[],
    params: Fields = {},
  ): Promise<FinishedTurn> {
    const items = typeof input === "string" ? [{ type: "text", text: input, text_elements: [] }] : input
    const started = await this.request("turn/start", { threadId, input: items, ...params })
    const id = textField(started.turn, "id")
    const end = await waitFor(
      () => this.messages.find(({ method, params: p }) => method === "turn/completed" && turnIdOf(p) === id),
      { what: `turn/completed of ${id}`, timeoutMs: 30_000 },
    )
    const completed = this.messages
      .filter((message) => message.method === "item/completed" && message.params.turnId === id)
      .map((message) => message.params.item)
      .filter(isFields)
    const answer = completed.findLast((item) => item.type === "agentMessage")
    return {
      id,
      status: textField(end.params.turn, "status"),
      items: completed,
      answer: answer === undefined ? "" : textField(answer, "text"),
    }
  }

  /** Ends codex by closing its stdin, and its commands with it. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, "exit")
    this.#child.stdin.end()
    await exited
  }

  #receive(line: string): void {
    const message: unknown = JSON.parse(line)
    if (!isFields(message)) return
    const params = isFields(message.params) ? message.params : {}
    if (typeof message.method !== "string") {
      const id = Number(message.id)
      this.#waiting.get(id)?.(message)
      this.#waiting.delete(id)
      return
    }
    this.messages.push({ id: message.id, method: message.method, params })
    if (message.method !== "item/tool/call") return
    const text = this.#onToolCall(String(params.tool), params.arguments)
    this.#send({ id: message.id, result: { contentItems: [{ type: "inputText", text }], success: true } })
  }

  #send(message: Fields): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`)
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null
}

function textField(value: unknown, name: string): string {
  const field = isFields(value) ? value[name] : undefined
  if (typeof field !== "string") throw new Error(`codex sent no ${name}`)
  return field
}

function turnIdOf(params: Fields): unknown {
  return isFields(params.turn) ? params.turn.id : undefined
}
