import { messageOf } from "../../domain/errors.ts"
import { rawValueAt } from "../../domain/raw-json.ts"
import type { RpcId } from "../kit/rpc/rpc-client.ts"
import { RpcProcess, type RpcProcessOptions } from "../kit/warm/rpc-process.ts"
import { codexJson, DeltaLines } from "./codex-json.ts"
import { type CodexTimeouts, codexInstallStep } from "./options.ts"
import { type Notification, parseNotification, serverInfoSchema, unreadNotifications } from "./protocol.ts"

interface AppServerOptions extends RpcProcessOptions {
  readonly timeouts: CodexTimeouts
  readonly onNotification: (notification: Notification) => void
  /**
   * True while turns run on it that nobody interrupts: they would die with it, so a shorter
   * deadline than that of any request waits on.
   */
  readonly isNeeded: () => boolean
}

/** How the program is called by its path. */
export function appServerCall(file: string, { cwd, env }: Pick<RpcProcessOptions["call"], "cwd" | "env">) {
  return { file, args: ["app-server"], cwd, env }
}

const program = {
  name: "codex",
  protocol: "the protocol of `codex app-server`",
  installStep: codexInstallStep("codex"),
  isStandard: false,
  toJson: codexJson,
}

/** One life of `codex app-server`. A dead one is replaced, never revived. */
export class AppServer extends RpcProcess {
  readonly #options: AppServerOptions
  readonly #deltas = new DeltaLines()
  #userAgent = ""

  constructor(options: AppServerOptions) {
    super(program, options, true)
    this.#options = options
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
    this.#userAgent = (await this.handshake(params, serverInfoSchema)).userAgent
    this.rpc.notify("initialized")
  }

  /**
   * Closes stdin (codex ends its commands and exits in about 100 ms), then SIGTERM, then SIGKILL,
   * until also nothing that it started is left: an MCP server may take longer than codex, or not go
   * by itself. Safe twice.
   */
  end(): Promise<void> {
    const waitMs = this.#options.timeouts.endStepMs
    this.process.closeStdin()
    return this.process.end([
      // It says nothing to a running program.
      { signal: "SIGCONT", waitMs },
      { signal: "SIGTERM", waitMs },
      { signal: "SIGKILL", waitMs },
    ])
  }

  protected kill(): void {
    void this.process.kill(this.#options.timeouts.endStepMs)
  }

  protected override received(line: string): void {
    const delta = this.#deltas.read(line)
    if (delta === null) super.received(line)
    else this.#options.onNotification(delta)
  }

  protected override moreMs(waitedMs: number): number {
    return this.#options.isNeeded() ? this.#options.timeouts.requestMs - waitedMs : 0
  }

  protected notified(method: string, params: unknown, line: string): void {
    if (method === "mcpServer/startupStatus/updated") void this.process.look()
    let notification: Notification | null
    try {
      notification = parseNotification(method, params)
    } catch (error) {
      this.misread("a notification", method, { method, reason: messageOf(error) })
      return
    }
    if (notification === null) return
    if (isToolOfServer(notification)) void this.process.look()
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

/** A "no" to what codex may ask besides calls of the client's functions, by method. */
const refusals: Readonly<Record<string, () => unknown>> = {
  "item/commandExecution/requestApproval": () => ({ decision: "decline" }),
  "item/fileChange/requestApproval": () => ({ decision: "decline" }),
  applyPatchApproval: () => ({ decision: { denied: { rejection: "Nobody is there to approve." } } }),
  execCommandApproval: () => ({ decision: { denied: { rejection: "Nobody is there to approve." } } }),
  "item/permissions/requestApproval": () => ({ permissions: {}, scope: "turn" }),
  "item/tool/requestUserInput": () => ({ answers: {} }),
  "mcpServer/elicitation/request": () => ({ action: "decline", content: null, _meta: null }),
  "currentTime/read": () => ({ currentTimeAt: Math.floor(Date.now() / 1_000) }),
}

/**
 * With approval policy `never` none of it should come; an unanswered request would make its turn
 * hang, so everything is answered.
 */
export function declineRequest(server: AppServer, id: RpcId, method: string): void {
  if (Object.hasOwn(refusals, method)) server.rpc.respond(id, refusals[method]?.())
  else server.rpc.refuse(id, -32_601, `${method} is not served by this client`)
}
