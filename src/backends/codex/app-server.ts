import type { z } from "zod"
import { messageOf } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import { rawValueAt } from "../../domain/raw-json.ts"
import { handshakeError } from "../kit/process/handshake-error.ts"
import type { TreeRoot } from "../kit/process/process-tree.ts"
import { JsonLines } from "../kit/rpc/json-lines.ts"
import { type RequestId, RpcClient } from "../kit/rpc/rpc-client.ts"
import { codexJson, DeltaLines } from "./codex-json.ts"
import { type CodexTimeouts, codexInstallStep } from "./options.ts"
import { AppServerProcess, type AppServerProcessOptions } from "./program.ts"
import {
  initializeResultSchema,
  type Notification,
  parseNotification,
  unreadNotifications,
} from "./protocol.ts"

const maxLineBytes = 256 * 1024 * 1024

interface AppServerOptions extends Omit<AppServerProcessOptions, "onData" | "endStepMs"> {
  readonly timeouts: CodexTimeouts
  readonly log: Log
  readonly onNotification: (notification: Notification) => void
  readonly onRequest: (id: RequestId, method: string, params: unknown, line: string) => void
  /** True while turns run on it that nobody interrupts: they would die with it, so a shorter deadline than that of any request waits on. */
  readonly isNeeded: () => boolean
}

/** One life of `codex app-server`: a process and the conversation with it. A dead one is replaced, never revived. */
export class AppServer {
  readonly #process: AppServerProcess
  readonly #rpc: RpcClient
  readonly #options: AppServerOptions
  readonly exited: Promise<string>
  #userAgent = ""
  #isAlive = true
  readonly #misread = new Set<string>()

  constructor(options: AppServerOptions) {
    this.#options = options
    const { log, timeouts } = options
    const lines = new JsonLines(maxLineBytes, (bytes) =>
      log("error", "codex wrote a line above the limit; it was left out", { bytes }),
    )
    const deltas = new DeltaLines()
    this.#rpc = new RpcClient({
      program: "codex",
      isStandard: false,
      write: (line) => this.#process.write(line),
      toJson: codexJson,
      onNotification: (method, params, line) => this.#notified(method, params, line),
      onRequest: options.onRequest,
      moreMs: (waitedMs) => (options.isNeeded() ? timeouts.requestMs - waitedMs : 0),
      onTimeout: (method) => {
        log("error", "codex does not answer and is replaced", { method })
        void this.#process.kill()
      },
      log,
    })
    this.#process = new AppServerProcess({
      ...options,
      endStepMs: timeouts.endStepMs,
      onData: (chunk) => {
        for (const line of lines.push(chunk)) {
          const delta = deltas.read(line)
          if (delta === null) this.#rpc.receive(line)
          else options.onNotification(delta)
        }
      },
    })
    this.exited = this.#process.exited.then((reason) => {
      this.#isAlive = false
      this.#rpc.close(reason)
      return reason
    })
  }

  get pid(): number {
    return this.#process.pid
  }

  get tree(): TreeRoot {
    return this.#process.tree
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

  /** Version as the handshake tells it, e.g. `0.169.0`. */
  get version(): string | null {
    return /\/(\d+\.\d+\.\d+[\w.+-]*)/.exec(this.#userAgent)?.[1] ?? null
  }

  async initialize(): Promise<void> {
    const params = {
      clientInfo: { name: "ai_agent_proxy", title: "ai-agent-proxy", version: "1" },
      capabilities: {
        experimentalApi: true,
        requestAttestation: false,
        optOutNotificationMethods: unreadNotifications,
      },
    }
    const { handshakeMs } = this.#options.timeouts
    try {
      const result = await this.request("initialize", params, initializeResultSchema, handshakeMs)
      this.#userAgent = result.userAgent
    } catch (error) {
      throw handshakeError(error, {
        program: "codex",
        protocol: "the protocol of `codex app-server`",
        said: `${this.strayText}${this.stderrTail}`,
        installStep: codexInstallStep("codex"),
      })
    }
    this.#rpc.notify("initialized")
  }

  request<T>(
    method: string,
    params: unknown,
    result: z.ZodType<T>,
    timeoutMs = this.#options.timeouts.requestMs,
  ): Promise<T> {
    return this.#rpc.request(method, params, result, timeoutMs)
  }

  respond(id: RequestId, result: unknown): void {
    this.#rpc.respond(id, result)
  }

  refuse(id: RequestId, code: number, message: string): void {
    this.#rpc.refuse(id, code, message)
  }

  end(): Promise<void> {
    return this.#process.end()
  }

  #notified(method: string, params: unknown, line: string): void {
    if (method === "mcpServer/startupStatus/updated") void this.#process.look()
    let notification: Notification | null
    try {
      notification = parseNotification(method, params)
    } catch (error) {
      // Once a method: a codex of another version may send thousands.
      if (!this.#misread.has(method)) {
        this.#misread.add(method)
        this.#options.log("warn", "codex sent a notification of unexpected form", {
          method,
          reason: messageOf(error),
        })
      }
      return
    }
    if (notification === null) return
    if (isToolOfServer(notification)) void this.#process.look()
    this.#options.onNotification(withWrittenArguments(notification, line))
  }
}

/** The arguments of a tool as codex has written them beside what was parsed of them. */
function withWrittenArguments(notification: Notification, line: string): Notification {
  const { method, params } = notification
  if (method !== "item/started" && method !== "item/completed") return notification
  if (params.item.type !== "mcpToolCall") return notification
  const argumentsText = rawValueAt(line, ["params", "item", "arguments"])
  return { method, params: { ...params, item: { ...params.item, argumentsText } } }
}

/** It may have started something: a browser, for example. */
function isToolOfServer({ method, params }: Notification): boolean {
  return method === "item/completed" && params.item.type === "mcpToolCall"
}

/**
 * Answers what codex may ask besides calls of the client's functions. With approval policy `never` none of it should
 * come; an unanswered request would make its turn hang, so everything gets a "no".
 */
export function declineRequest(server: AppServer, id: RequestId, method: string): void {
  switch (method) {
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
      server.respond(id, { decision: "decline" })
      break
    case "applyPatchApproval":
    case "execCommandApproval":
      server.respond(id, { decision: { denied: { rejection: "Nobody is there to approve." } } })
      break
    case "item/permissions/requestApproval":
      server.respond(id, { permissions: {}, scope: "turn" })
      break
    case "item/tool/requestUserInput":
      server.respond(id, { answers: {} })
      break
    case "mcpServer/elicitation/request":
      server.respond(id, { action: "decline", content: null, _meta: null })
      break
    case "currentTime/read":
      server.respond(id, { currentTimeAt: Math.floor(Date.now() / 1_000) })
      break
    default:
      server.refuse(id, -32_601, `${method} is not served by this client`)
  }
}
