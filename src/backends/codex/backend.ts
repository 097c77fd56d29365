import type { Capabilities, Readiness } from "../../domain/agents.ts"
import type { Backend, PastSession, ThreadOptions, ThreadRef, Turn, TurnInput } from "../../domain/backend.ts"
import { messageOf } from "../../domain/errors.ts"
import type { MessageItem } from "../../domain/items.ts"
import type { FunctionNames } from "../kit/functions/function-names.ts"
import { namesFor } from "../kit/functions/handed-functions.ts"
import {
  isThreadUnknown,
  lostOrProxyError,
  notReady,
  proxyErrorOf,
  StartError,
  startableProgram,
  turnErrorOfThrown,
} from "../kit/process/start-error.ts"
import { anyResult, type RpcId, RpcRefusedError } from "../kit/rpc/rpc-client.ts"
import { interruptedBefore } from "../kit/turn/cli-turn.ts"
import { RpcBackend } from "../kit/warm/rpc-backend.ts"
import { codexKind } from "./history-items.ts"
import { injectedItem } from "./injected-items.ts"
import { lastSession } from "./last-session.ts"
import type { LoadedThread } from "./loaded-thread.ts"
import { type CodexBackendOptions, type CodexTimeouts, codexInstallStep, codexTimeouts } from "./options.ts"
import { AppServer, appServerCall, declineRequest } from "./program.ts"
import {
  accountResultSchema,
  limitResetOf,
  type Notification,
  parseToolCall,
  turnResultSchema,
  usageOf,
} from "./protocol.ts"
import { inject, splitMessages, turnParams } from "./thread-requests.ts"
import { CodexThreads } from "./threads.ts"
import { CodexTurn, refusedCall } from "./turn.ts"

interface CodexRequest {
  readonly method: string
  readonly params: unknown
  /** The whole message as it came. */
  readonly line: string
}

/** An agent on `codex app-server`: one warm process, many threads in it. */
export class CodexBackend extends RpcBackend<AppServer, CodexThreads, CodexTurn> implements Backend {
  readonly changesTools = false
  readonly #options: CodexBackendOptions
  readonly #timeouts: CodexTimeouts
  /** Function names of the threads seen so far: a thread can be loaded again without being told. */
  readonly #names = new Map<ThreadRef, FunctionNames>()
  #isAccountReady = false
  #configProblem: string | null = null
  #limitResetsAt: number | null = null

  constructor(options: CodexBackendOptions) {
    const startStep =
      "Run `codex app-server` in a terminal as this user to see why; `npm install -g @openai/codex` installs the newest codex."
    super(codexKind, startStep, options)
    this.#options = options
    this.#timeouts = { ...codexTimeouts, ...options.timeouts }
  }

  async capabilities(): Promise<Capabilities> {
    const { process: server, sessions: threads } = await this.running()
    return {
      program: server.version === null ? "codex" : `codex ${server.version}`,
      version: server.version,
      streamsDeltas: true,
      acceptsImages: true,
      hasOutputSchema: true,
      hasFunctions: true,
      hasFork: true,
      efforts: await threads.efforts(),
    }
  }

  async readiness(): Promise<Readiness> {
    try {
      const server = await this.supervisor.get()
      if (this.#configProblem !== null) {
        const detail = this.#configProblem.trim().replaceAll(/\s+/g, " ").slice(0, 300)
        // Read at its start only: the next question goes to a new process.
        await server.end()
        const nextStep = "Correct config.toml in ~/.codex (or $CODEX_HOME)."
        throw new StartError("codex cannot read its configuration", nextStep, { detail })
      }
      if (!this.#isAccountReady) {
        const account = await server.request("account/read", {}, accountResultSchema)
        this.#isAccountReady = !account.requiresOpenaiAuth || account.account != null
      }
      if (this.#isAccountReady) return { isReady: true }
      throw new StartError("codex is not logged in", "Run `codex login` as this user.")
    } catch (error) {
      return notReady(error)
    }
  }

  async openThread(options: ThreadOptions): Promise<ThreadRef> {
    const thread = await this.#withThreads((threads) => threads.open(options))
    this.#names.set(thread.id, thread.names)
    return thread.id
  }

  async resumeThread(thread: ThreadRef, options: ThreadOptions): Promise<void> {
    const names = namesFor("codex", options.tools)
    this.#names.set(thread, names)
    await this.#withThreads((threads) => threads.resume(thread, names))
  }

  async forkThread(thread: ThreadRef, at: string, options: ThreadOptions): Promise<ThreadRef> {
    const fork = await this.#withThreads((threads) => threads.fork(thread, at, options))
    this.#names.set(fork.id, fork.names)
    return fork.id
  }

  async closeThread(thread: ThreadRef): Promise<void> {
    this.#names.delete(thread)
    // Without a process there is no memory to give back.
    if (this.supervisor.current === null) return
    await this.#withThreads((threads) => threads.close(thread))
  }

  async renewThread(thread: ThreadRef | null): Promise<void> {
    if (thread !== null && this.supervisor.current !== null)
      await this.#withThreads((threads) => threads.unload(thread))
  }

  async lastSession(folders: readonly string[]): Promise<PastSession | null> {
    return lastSession((await this.running()).process, folders)
  }

  async deleteThread(thread: ThreadRef): Promise<void> {
    this.#names.delete(thread)
    try {
      await this.#withThreads((threads) => threads.delete(thread))
    } catch (error) {
      // codex refuses to delete what it does not know; gone is gone.
      if (!(error instanceof Error && error.cause instanceof RpcRefusedError)) throw error
    }
  }

  startTurn(thread: ThreadRef, input: TurnInput): Turn {
    const turn = new CodexTurn({
      threadId: thread,
      interruptMs: this.#timeouts.interruptMs,
      scriptHoldMs: this.#timeouts.scriptHoldMs,
      log: this.#options.log,
      onEnded: (ended, last, isStuck) => {
        // Logged out meanwhile, perhaps: the next `readiness` asks again.
        if (last.type === "turn.failed" && last.error.modelStatus === 401) this.#isAccountReady = false
        this.hasEnded(thread, ended)
        if (isStuck) this.sessions?.markStuck(thread)
      },
      onEndedLate: () => this.sessions?.unmarkStuck(thread),
      limitResetsAt: () => this.#limitResetsAt,
      onForeignTurn: (turnId) => this.#endForeignTurn(thread, turnId),
    })
    if (this.begin(thread, turn)) void this.#start(turn, input)
    return turn
  }

  async #start(turn: CodexTurn, input: TurnInput): Promise<void> {
    const thread = turn.threadId
    try {
      const { process: server, sessions: threads } = await this.running()
      const loaded = await this.#loadedThread(threads, thread)
      const { injected, input: userInput } = splitMessages(input.messages)
      await inject(
        server,
        thread,
        [...(await forgotten(loaded, input)), ...injected].flatMap((item) =>
          injectedItem(item, loaded.names),
        ),
      )
      loaded.hasForgotten = false
      const settings = await threads.turnSettings(loaded, input)
      await turn.prepare(server, loaded)
      if (turn.isInterrupting) {
        turn.fail(interruptedBefore)
        return
      }
      const params = turnParams(thread, userInput, { ...settings, outputSchema: input.outputSchema })
      const result = await server.request("turn/start", params, turnResultSchema)
      turn.started(result.turn.id)
    } catch (error) {
      // An unknown thread now: the next turn resumes it, or learns that it is lost.
      if (error instanceof RpcRefusedError) this.sessions?.forget(thread)
      turn.fail(turnErrorOfThrown(isThreadUnknown(error) ? lostOrProxyError(error) : error))
    }
  }

  #loadedThread(threads: CodexThreads, thread: ThreadRef): Promise<LoadedThread> {
    return threads.resume(thread, this.#names.get(thread) ?? namesFor("codex", []))
  }

  async #withThreads<T>(action: (threads: CodexThreads) => Promise<T>): Promise<T> {
    const { sessions: threads } = await this.running()
    try {
      return await action(threads)
    } catch (error) {
      throw proxyErrorOf(error)
    }
  }

  protected spawn(): AppServer {
    const { log } = this.#options
    const file = startableProgram(this.#options, codexInstallStep(this.#options.executable))
    const server: AppServer = new AppServer({
      call: appServerCall(file, this.#options),
      running: this.processes,
      timeouts: this.#timeouts,
      log,
      onNotification: (notification) => this.#notified(notification),
      onRequest: (id, method, params, line) => this.#requested(server, id, { method, params, line }),
      isNeeded: () =>
        [...this.turns.values()].some((turn) => turn.process === server && !turn.isInterrupting),
    })
    return server
  }

  protected started(server: AppServer): CodexThreads {
    const { log } = this.#options
    this.#isAccountReady = false
    log("info", "codex app-server started", { pid: server.pid, version: server.version })
    return new CodexThreads(server, this.#options, log, this.#timeouts.streamIdleMs)
  }

  protected exited(): boolean {
    this.#isAccountReady = false
    this.#configProblem = null
    return false
  }

  protected drop(): void {
    // They are gone with their process.
  }

  #notified(notification: Notification): void {
    const { method, params } = notification
    switch (method) {
      case "account/updated":
      case "account/login/completed":
        this.#isAccountReady = false
        this.#options.onEvent({ type: "account.changed" })
        return
      case "account/rateLimits/updated":
        this.#limitResetsAt = limitResetOf(params.rateLimits)
        return
      case "configWarning": {
        const { summary, details } = params
        this.#options.log("info", "codex warns of its configuration", { warning: summary, details })
        // It would go on with its defaults: with another provider and account, perhaps.
        if (/invalid configuration/i.test(summary)) this.#configProblem = details ?? summary
        return
      }
      case "thread/closed":
        this.#options.log("debug", "codex has unloaded a thread", { thread: params.threadId })
        this.sessions?.forget(params.threadId)
        return
    }
    const threadId = "threadId" in params ? (params.threadId ?? null) : null
    const turn = threadId === null ? undefined : this.turns.get(threadId)
    if (method === "item/completed" && params.item.type === "commandExecution") {
      this.sessions?.commandCompleted(params.threadId, params.item.id).catch((error) => {
        this.#options.log("info", "a thread was not given back", { reason: messageOf(error) })
      })
    }
    if (turn !== undefined) turn.notified(notification)
    else if (method === "thread/tokenUsage/updated") {
      const { total } = params.tokenUsage
      if (total != null) this.sessions?.usageTold(params.threadId, usageOf(total))
    } else if (method === "warning") this.#options.log("info", "codex warns", { warning: params.message })
    // Threads that we did not open are codex's sub-agents; their turns belong to one of ours.
    else if (method === "turn/started" && this.sessions?.has(params.threadId)) {
      this.#endForeignTurn(params.threadId, params.turn.id)
    }
  }

  #requested(server: AppServer, id: RpcId, { method, params, line }: CodexRequest): void {
    if (method !== "item/tool/call") {
      this.#options.log("info", "codex asked for something that is declined", { method })
      declineRequest(server, id, method)
      return
    }
    const call = parseToolCall(params, line)
    const turn = call === null ? undefined : this.turns.get(call.threadId)
    if (call !== null && turn !== undefined) turn.called(id, call)
    else server.rpc.respond(id, refusedCall(call?.tool ?? "of that form"))
  }

  #endForeignTurn(thread: ThreadRef, turnId: string): void {
    this.#options.log("warn", "codex started a turn that nobody asked for; it is interrupted", { thread })
    this.#options.onEvent({ type: "turn.uninvited", thread })
    this.supervisor.current
      ?.request("turn/interrupt", { threadId: thread, turnId }, anyResult)
      .catch((error) => this.#options.log("debug", "interrupt refused", { reason: messageOf(error) }))
  }
}

/** What the thread is to be told again; what is told with the turn anyway is not. */
async function forgotten(
  thread: LoadedThread,
  { standing, messages }: TurnInput,
): Promise<readonly MessageItem[]> {
  if (!thread.hasForgotten || standing === undefined) return []
  return (await standing()).filter((message) => !messages.includes(message))
}
