import { basename } from "node:path"
import type { Capabilities, Readiness } from "../../domain/agents.ts"
import type { Backend, ThreadOptions, ThreadRef, Turn, TurnInput } from "../../domain/backend.ts"
import { ProxyError, ThreadLostError } from "../../domain/errors.ts"
import { printedLine } from "../../domain/printed-text.ts"
import {
  notReady,
  proxyErrorOf,
  StartError,
  startableProgram,
  turnErrorOfThrown,
} from "../kit/process/start-error.ts"
import { anyResult, type RpcId } from "../kit/rpc/rpc-client.ts"
import { agentStopped, interruptedBefore } from "../kit/turn/cli-turn.ts"
import { refuseUnserved } from "../kit/turn/input.ts"
import { RpcBackend, type RunningProgram } from "../kit/warm/rpc-backend.ts"
import { isAuthError } from "./errors.ts"
import { isClientTool } from "./items.ts"
import { type AcpBackendOptions, type AcpTimeouts, acpTimeouts } from "./options.ts"
import { permissionAnswer } from "./permitted.ts"
import { AcpProgram } from "./program.ts"
import {
  type AgentDescription,
  permissionRequestSchema,
  promptResultSchema,
  type SessionUpdate,
} from "./protocol.ts"
import { AcpSessions, type LoadOptions } from "./threads.ts"
import { AcpTurn, promptBlocks } from "./turn.ts"

/** An agent on the Agent Client Protocol: one warm process, many sessions in it. */
export class AcpBackend extends RpcBackend<AcpProgram, AcpSessions, AcpTurn> implements Backend {
  readonly changesTools = true
  readonly #options: AcpBackendOptions
  readonly #timeouts: AcpTimeouts
  /** Options of the threads seen so far: a thread can be loaded again without being told. */
  readonly #known = new Map<ThreadRef, LoadOptions>()
  /** To be removed from the program's records as soon as nobody needs them. */
  readonly #ephemeral = new Set<ThreadRef>()
  /** Of which the program does not know the last turn. */
  readonly #cut = new Set<ThreadRef>()
  /** Of the last process: it stays true while the program rests. */
  #description: AgentDescription | null = null
  #offered: NonNullable<AcpSessions["offered"]> = { efforts: [], model: null }
  #idleTimer: NodeJS.Timeout | null = null
  /** The process was ended because nothing ran: the next turn starts it. */
  #isResting = false
  /** Ended for that reason: their exits are no deaths. */
  readonly #rested = new WeakSet<AcpProgram>()
  /** Requests that are being made of it, beside the turns. */
  #requests = 0
  /** It has read instructions that were edited since. */
  #isOutdated = false

  constructor(options: AcpBackendOptions) {
    const { cli, executable } = options
    super(cli.kind, `Run \`${basename(executable)}\` in a terminal as this user to see why.`, options)
    this.#options = options
    this.#timeouts = { ...acpTimeouts, ...options.timeouts }
  }

  async capabilities(): Promise<Capabilities> {
    if (this.#description === null) await this.running()
    // Only a session tells it; what one told stays true while the program rests.
    this.#offered = this.sessions?.offered ?? this.#offered
    const showsImages =
      this.#options.cli.showsImages?.(this.#options.model ?? this.#offered.model ?? "") ?? true
    const { agentInfo, agentCapabilities } = this.#description ?? {}
    const version = agentInfo?.version == null ? null : printedLine(agentInfo.version)
    return {
      program: version === null ? this.kind : `${this.kind} ${version}`,
      version,
      streamsDeltas: true,
      acceptsImages: showsImages && agentCapabilities?.promptCapabilities?.image === true,
      hasOutputSchema: false,
      hasFunctions: this.#options.toolEndpoint !== null && agentCapabilities?.mcpCapabilities?.http === true,
      hasFork: false,
      efforts: this.#offered.efforts,
    }
  }

  /** Ready when a session can be made: that is when programs say that they want a log-in. */
  async readiness(): Promise<Readiness> {
    if (this.#isResting && !this.isStopped) return { isReady: true }
    try {
      const { process, sessions } = await this.running()
      await this.#logIn(process, sessions)
      return { isReady: true }
    } catch (error) {
      if (!isAuthError(error)) return notReady(error instanceof ProxyError ? (error.cause ?? error) : error)
      return notReady(new StartError(`${this.kind} is not logged in`, this.#options.cli.loginStep))
    }
  }

  async openThread(options: ThreadOptions): Promise<ThreadRef> {
    const session = await this.#with((sessions) => sessions.open(options))
    this.#remember(session.id, options)
    if (options.isEphemeral) this.#ephemeral.add(session.id)
    return session.id
  }

  async resumeThread(thread: ThreadRef, options: ThreadOptions): Promise<void> {
    const forgetsCut = this.#options.cli.forgetsCutTurns === true
    if (forgetsCut && (this.#cut.has(thread) || options.endsCut === true))
      throw new ThreadLostError(`${this.kind} has forgotten the last turn of ${thread}`)
    this.#remember(thread, options)
    await this.#with((sessions) => sessions.load(thread, options))
  }

  async forkThread(thread: ThreadRef, at: string): Promise<ThreadRef> {
    throw new ThreadLostError(`${this.kind} cannot branch session ${thread} at turn ${at}`)
  }

  async closeThread(thread: ThreadRef): Promise<void> {
    if (this.#ephemeral.has(thread)) return this.deleteThread(thread)
    this.#known.delete(thread)
    // Without a process there is no memory to give back.
    if (this.supervisor.current !== null) await this.#with((sessions) => sessions.close(thread))
  }

  async renewThread(thread: ThreadRef | null): Promise<void> {
    if (this.#options.cli.readsInstructionsOnce === true) {
      this.#isOutdated = true
      await this.#rest()
    } else if (thread !== null) await this.sessions?.renew(thread)
  }

  async deleteThread(thread: ThreadRef): Promise<void> {
    this.#known.delete(thread)
    this.#ephemeral.delete(thread)
    this.#cut.delete(thread)
    const canDelete = this.#description?.agentCapabilities?.sessionCapabilities?.delete != null
    if (this.supervisor.current === null && !canDelete) return
    await this.#with((sessions) => sessions.delete(thread))
  }

  startTurn(thread: ThreadRef, input: TurnInput): Turn {
    const { cli, cwd, log } = this.#options
    const turn = new AcpTurn({
      cli,
      cwd,
      interruptMs: this.#timeouts.interruptMs,
      log,
      onEnded: (ended, last, isStuck) => {
        this.hasEnded(thread, ended)
        if (isStuck) this.#replaceStuck(thread, ended)
        if (last.type !== "turn.completed" && ended.process !== null && cli.forgetsCutTurns === true)
          this.#cut.add(thread)
        if (last.type === "turn.failed" && last.error.code === "thread_lost") this.sessions?.forget(thread)
        if (last.type === "turn.failed" && last.error.modelStatus === 401) {
          this.#options.onEvent({ type: "account.changed" })
        }
        this.#restLater()
      },
    })
    if (this.begin(thread, turn, "session")) void this.#start(turn, thread, input)
    return turn
  }

  override async stop(): Promise<void> {
    this.isStopped = true
    clearTimeout(this.#idleTimer ?? undefined)
    // A program in the middle of a command does not go by itself.
    for (const turn of this.turns.values()) turn.cancel()
    this.endTurns(null, agentStopped)
    await super.stop()
  }

  async #start(turn: AcpTurn, thread: ThreadRef, input: TurnInput): Promise<void> {
    try {
      // Its capabilities tell of images.
      refuseUnserved(input, { acceptsImages: true, hasOutputSchema: false }, this.kind)
      const { process, sessions } = await this.running()
      const session = await sessions.load(thread, this.#known.get(thread) ?? { tools: [] })
      await sessions.set(session, input.model, input.effort)
      const preamble = session.preamble ?? { instructions: null, history: [] }
      const prompt = promptBlocks({ ...preamble, messages: input.messages })
      if (turn.isOver) return
      if (turn.isInterrupting) {
        turn.fail(interruptedBefore)
        return
      }
      turn.begin(process, session)
      const params = { sessionId: session.id, prompt }
      turn.answered(await process.request("session/prompt", params, promptResultSchema, null))
    } catch (error) {
      if (this.isStopped) turn.fail(agentStopped)
      else if (turn.process === null) turn.fail(turnErrorOfThrown(error))
      else turn.rejected(error)
    }
  }

  async #logIn(connection: AcpProgram, sessions: AcpSessions): Promise<void> {
    try {
      await sessions.warm()
    } catch (error) {
      const methodId = isAuthError(error) ? this.#options.cli.authMethod?.(this.#options.env) : null
      if (methodId == null) throw error
      await connection.request("authenticate", { methodId }, anyResult)
      await sessions.warm()
    }
  }

  async #with<T>(action: (sessions: AcpSessions) => Promise<T>): Promise<T> {
    this.#requests += 1
    try {
      return await action((await this.running()).sessions)
    } catch (error) {
      if (!isAuthError(error)) throw proxyErrorOf(error)
      const { cli } = this.#options
      this.#options.onEvent({ type: "account.changed" })
      throw new ProxyError("agent_not_ready", `${cli.kind} is not logged in. ${cli.loginStep}`, {
        cause: error,
      })
    } finally {
      this.#requests -= 1
      this.#restLater()
    }
  }

  /** Before the first process of ours: what a killed service left in this workspace is ended. */
  protected override async running(): Promise<RunningProgram<AcpProgram, AcpSessions>> {
    await this.processes.cleaned()
    return super.running()
  }

  protected spawn(): AcpProgram {
    const { cli, args, cwd, env, model, permissions, log } = this.#options
    const file = startableProgram(this.#options, cli.installStep)
    const connection: AcpProgram = new AcpProgram({
      cli,
      call: {
        file,
        args: [...args, ...(model === null ? [] : (cli.modelArgs?.(model) ?? []))],
        cwd,
        env: { ...env, ...cli.env(permissions, env) },
      },
      running: this.processes,
      timeouts: this.#timeouts,
      log,
      onUpdate: (sessionId, update) => this.#updated(sessionId, update),
      onTrouble: (trouble) => this.turns.get(trouble.sessionId)?.troubled(trouble),
      onRequest: (id, method, params) => this.#requested(connection, id, method, params),
    })
    return connection
  }

  protected started(connection: AcpProgram): AcpSessions {
    this.#description = connection.description
    this.#isResting = false
    this.#isOutdated = false
    this.#options.log("info", `${this.kind} started`, { pid: connection.pid })
    this.#restLater()
    return new AcpSessions(connection, {
      ...this.#options,
      // In this process: a turn is among the running ones before its prompt is sent.
      isBusy: (thread) => this.turns.get(thread)?.process != null,
    })
  }

  protected exited(connection: AcpProgram): boolean {
    return this.#rested.has(connection)
  }

  protected drop(sessions: AcpSessions): void {
    sessions.drop()
  }

  #updated(thread: ThreadRef, update: SessionUpdate): void {
    if (this.sessions?.isReplay(thread, update.sessionUpdate)) return
    this.turns.get(thread)?.updated(update)
  }

  #requested(connection: AcpProgram, id: RpcId, method: string, params: unknown): void {
    const request = method === "session/request_permission" ? permissionRequestSchema.safeParse(params) : null
    if (request?.success !== true) {
      connection.rpc.refuse(id, -32_601, `${method} is not served by this client`)
      return
    }
    const session = this.sessions?.get(request.data.sessionId)
    const answer = permissionAnswer(request.data, {
      permissions: session?.permissions ?? "read-only",
      folders: [this.#options.cwd],
      protectedFolders: this.#options.protectedFolders ?? [],
      isClientCall: isClientTool(request.data.toolCall, session?.channel?.handed.nativeNames ?? []),
    })
    connection.rpc.respond(id, answer)
  }

  #remember(thread: ThreadRef, { tools, reach }: LoadOptions): void {
    this.#known.set(thread, { tools, ...(reach !== undefined && { reach }) })
  }

  /** It goes on with a prompt that it does not end; where nothing else runs, it is replaced. */
  #replaceStuck(thread: ThreadRef, turn: AcpTurn): void {
    this.sessions?.markStuck(thread)
    if (this.turns.size === 0) void turn.process?.end()
  }

  get #isUsed(): boolean {
    return this.turns.size > 0 || this.#requests > 0
  }

  /** From the end of the last turn or request on; one that has begun since puts it off. */
  #restLater(): void {
    clearTimeout(this.#idleTimer ?? undefined)
    if (this.isStopped || this.#isUsed) return
    if (this.#isOutdated) {
      void this.#rest()
      return
    }
    this.#idleTimer = setTimeout(() => void this.#rest(), this.#timeouts.idleMs)
    // It must not keep the service alive.
    this.#idleTimer.unref()
  }

  /** Ends the program, unless it is used: the next turn starts it again. */
  async #rest(): Promise<void> {
    const { current } = this.supervisor
    if (this.#isUsed || current === null) return
    this.#isResting = true
    this.#rested.add(current)
    this.#options.log("info", `${this.kind} is ended, nothing runs in it`)
    await current.end()
  }
}
