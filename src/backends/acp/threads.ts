import { isDeepStrictEqual } from "node:util"
import type { Permissions } from "../../domain/agents.ts"
import type { ThreadOptions, ThreadRef } from "../../domain/backend.ts"
import { cannotCallFunctions, messageOf, ThreadLostError } from "../../domain/errors.ts"
import type { FunctionTool } from "../../domain/items.ts"
import { noUsage, type Usage } from "../../domain/usage.ts"
import { announceTools, clientServer } from "../kit/functions/handed-functions.ts"
import { anyResult, RpcRefusedError } from "../kit/rpc/rpc-client.ts"
import { FunctionChannel } from "../kit/turn/function-channel.ts"
import type { PromptParts } from "../kit/turn/input.ts"
import type { SessionSetting } from "./clis.ts"
import { isAuthError } from "./errors.ts"
import type { AcpBackendOptions } from "./options.ts"
import type { AcpProgram } from "./program.ts"
import { type SessionDescription, sessionResultSchema } from "./protocol.ts"
import {
  applySetting,
  choiceOf,
  effortsOf,
  type SessionChoice,
  setEffort,
  setModel,
  settingOf,
} from "./session-settings.ts"

/** What of a thread's options is needed to load it again. */
export type LoadOptions = Pick<ThreadOptions, "tools" | "reach">

/** A session that one process has in memory. */
export interface AcpSession {
  readonly id: ThreadRef
  tools: readonly FunctionTool[]
  readonly channel: FunctionChannel | null
  readonly permissions: Permissions
  readonly setting: SessionSetting
  readonly description: SessionDescription
  /** What a new session has: turns that ask for no effort go back to it. */
  readonly own: SessionChoice
  /** To be told with the first prompt: the protocol has no other way. Null: it was told. */
  preamble: Pick<PromptParts, "instructions" | "history"> | null
  /** The running total, where the program tells one; null: not known. */
  total: Usage | null
  /** As the last turn left them; null: the program's own. */
  model: string | null
  effort: string | null
}

export interface AcpSessionsOptions extends AcpBackendOptions {
  /** True: a turn runs in the thread. */
  readonly isBusy: (thread: ThreadRef) => boolean
}

/** What of a history has come so far. */
interface Replay {
  updates: number
  userMessages: number
  /** The newest message is the user's: a turn that never came to an answer. */
  isUnanswered: boolean
}

const signsOfAnswer = new Set(["agent_message_chunk", "agent_thought_chunk", "tool_call"])

/** A program that never comes to rest must not keep its thread waiting for ever. */
const maxReplayMs = 30_000
const roundTripMs = 2_000

/** The sessions of one process: made, loaded again and given back. */
export class AcpSessions {
  readonly #connection: AcpProgram
  readonly #options: AcpSessionsOptions
  readonly #loaded = new Map<ThreadRef, AcpSession>()
  readonly #loading = new Map<ThreadRef, Promise<AcpSession>>()
  /** The histories that are being replayed. */
  readonly #replays = new Map<ThreadRef, Replay>()
  /** With a prompt that was not ended when asked to: not to be used again. */
  readonly #stuck = new Set<ThreadRef>()
  /** Made to see whether the program is logged in; the first thread takes it. */
  #spare: Promise<SessionDescription> | null = null
  #efforts: readonly string[] = []
  /** Of the newest session that was made; null: none was. */
  #own: SessionChoice | null = null

  constructor(connection: AcpProgram, options: AcpSessionsOptions) {
    this.#connection = connection
    this.#options = options
  }

  get offered(): { readonly efforts: readonly string[]; readonly model: string | null } | null {
    return this.#own === null ? null : { efforts: this.#efforts, model: this.#own.model }
  }

  get #canLoad(): boolean {
    return this.#connection.description.agentCapabilities?.loadSession === true
  }

  get(thread: ThreadRef): AcpSession | undefined {
    return this.#loaded.get(thread)
  }

  /** Rejects where the program wants a log-in. */
  async warm(): Promise<void> {
    if (this.#loaded.size > 0) return
    this.#spare ??= this.#create([])
    try {
      await this.#spare
    } catch (error) {
      this.#spare = null
      throw error
    }
  }

  async open(options: ThreadOptions): Promise<AcpSession> {
    const channel = await this.#channel(options)
    try {
      const description = channel === null ? await this.#take() : await this.#create(serversOf(channel))
      const thread = description.sessionId ?? ""
      const session = this.#sessionOf(thread, description, options, channel)
      session.preamble = options
      session.total = noUsage
      await this.#prepare(session)
      this.#loaded.set(thread, session)
      return session
    } catch (error) {
      channel?.close()
      throw error
    }
  }

  /** Loaded already, or loaded now, with these functions. Rejects with `ThreadLostError`. */
  async load(thread: ThreadRef, options: LoadOptions): Promise<AcpSession> {
    if (this.#stuck.has(thread))
      throw new ThreadLostError(`Session ${thread} still runs a turn that was interrupted`)
    const loaded = this.#loaded.get(thread)
    if (loaded !== undefined && isDeepStrictEqual(loaded.tools, options.tools)) return loaded
    let loading = this.#loading.get(thread)
    if (loading === undefined) {
      const work = loaded === undefined ? this.#load(thread, options) : this.#changeTools(loaded, options)
      loading = work.finally(() => this.#loading.delete(thread))
      this.#loading.set(thread, loading)
    }
    return loading
  }

  /** True for an update of the history of a session that is being loaded: it is no turn's. */
  isReplay(thread: ThreadRef, kind: string): boolean {
    const replay = this.#replays.get(thread)
    if (replay === undefined) return false
    replay.updates += 1
    if (kind === "user_message_chunk") {
      replay.userMessages += 1
      replay.isUnanswered = true
    } else if (signsOfAnswer.has(kind)) replay.isUnanswered = false
    return true
  }

  markStuck(thread: ThreadRef): void {
    this.#stuck.add(thread)
    this.forget(thread)
  }

  /** The program does not have it any more. */
  forget(thread: ThreadRef): void {
    this.#loaded.get(thread)?.channel?.close()
    this.#loaded.delete(thread)
  }

  /** Gives a session's memory back, where the program can. */
  async close(thread: ThreadRef): Promise<void> {
    const capability = this.#connection.description.agentCapabilities?.sessionCapabilities?.close
    // What cannot be closed stays, and is ready at once when it is wanted again.
    if (capability == null || !this.#loaded.has(thread)) return
    this.forget(thread)
    await this.#ask("session/close", thread)
  }

  /** Closed where the program can; else loaded over what it has, which reads all anew, too. */
  async renew(thread: ThreadRef): Promise<void> {
    // Only the process that has it knows a session that cannot be loaded.
    if (!this.#canLoad) return
    await this.close(thread)
    this.forget(thread)
  }

  async delete(thread: ThreadRef): Promise<void> {
    const capabilities = this.#connection.description.agentCapabilities?.sessionCapabilities
    if (capabilities?.close != null && this.#loaded.has(thread)) await this.#ask("session/close", thread)
    this.forget(thread)
    if (capabilities?.delete != null) await this.#ask("session/delete", thread)
  }

  /** The model and the effort of the next turn, where the last one had others. */
  async set(session: AcpSession, model: string | null, effort: string | null): Promise<void> {
    const connection = this.#connection
    if (model !== null && model !== session.model) {
      await setModel(connection, session, model)
      session.model = model
    }
    const wanted = effort ?? session.own.effort
    if (effort !== session.effort && wanted !== null) {
      await setEffort(connection, session, wanted)
    }
    session.effort = effort
  }

  /** The process is gone, and with it everything that was loaded. */
  drop(): void {
    for (const session of this.#loaded.values()) session.channel?.close()
    this.#loaded.clear()
  }

  /** By word to a program that listens; else the session is loaded over what it has. */
  async #changeTools(session: AcpSession, options: LoadOptions): Promise<AcpSession> {
    const { id } = session
    if (await this.#tellTools(session.channel, options.tools)) {
      session.tools = options.tools
      return session
    }
    if (!this.#canLoad || session.preamble !== null || this.#options.isBusy(id)) {
      throw new ThreadLostError(`Session ${id} cannot be given other functions`)
    }
    await this.renew(id)
    return this.#load(id, options)
  }

  async #tellTools(channel: FunctionChannel | null, tools: readonly FunctionTool[]): Promise<boolean> {
    if (channel === null || this.#options.cli.listsToolsEachTime !== true)
      return announceTools(channel?.handed ?? null, tools)
    await channel.handed.setTools(tools, 0)
    return true
  }

  async #load(thread: ThreadRef, options: LoadOptions): Promise<AcpSession> {
    const { cli, cwd } = this.#options
    if (!this.#canLoad) {
      throw new ThreadLostError(`${cli.kind} cannot load sessions; ${thread} is of an earlier process`)
    }
    const channel = await this.#channel(options)
    const replay: Replay = { updates: 0, userMessages: 0, isUnanswered: false }
    this.#replays.set(thread, replay)
    try {
      const params = { sessionId: thread, cwd, mcpServers: serversOf(channel) }
      const description = await this.#connection.request(
        "session/load",
        params,
        sessionResultSchema.nullish(),
      )
      await this.#untilReplayed(replay)
      // Its first prompt, which tells the instructions and the history, was never taken.
      if (replay.userMessages === 0) throw new ThreadLostError(`Session ${thread} is empty`)
      if (cli.joinsUnanswered === true && replay.isUnanswered) {
        throw new ThreadLostError(`Session ${thread} ends with a prompt that would be asked again`)
      }
      const own = await this.#ownChoice(choiceOf(description ?? {}))
      const session = this.#sessionOf(thread, description ?? {}, options, channel, own)
      await this.#prepare(session)
      await this.#restoreOwn(session)
      this.#loaded.set(thread, session)
      return session
    } catch (error) {
      channel?.close()
      if (error instanceof RpcRefusedError && !isAuthError(error))
        throw new ThreadLostError(error.message, error)
      throw error
    } finally {
      this.#replays.delete(thread)
    }
  }

  /**
   * gemini answers `session/load` and then goes on to replay the history, in between requests. Its
   * end is there when two round trips in a row bring nothing of it (a single one may just fit in
   * between two updates). Else an old answer would be told as the beginning of a new one.
   */
  async #untilReplayed(replay: Replay): Promise<void> {
    const until = performance.now() + maxReplayMs
    let quietRounds = 0
    while (quietRounds < 2 && performance.now() < until) {
      const { updates } = replay
      // By a method that no program has: it has to be refused. Silence costs a moment, no more.
      await this.#connection.rpc.ping("_ai-agent-proxy/ping", roundTripMs)
      quietRounds = replay.updates === updates ? quietRounds + 1 : 0
    }
  }

  /** What a new session has, where a loaded one says what it works with: only a new one tells. */
  async #ownChoice(loaded: SessionChoice): Promise<SessionChoice> {
    if (this.#own !== null || (loaded.model === null && loaded.effort === null)) return this.#own ?? loaded
    try {
      this.#spare ??= this.#create([])
      await this.#spare
    } catch {
      // It goes on as it is.
      this.#spare = null
    }
    return this.#own ?? loaded
  }

  /** A loaded session has the model and effort of its last turn: settings that may be gone. */
  async #restoreOwn(session: AcpSession): Promise<void> {
    const { description, own } = session
    const { model, effort } = choiceOf(description)
    const isOwn = this.#options.model === null
    if (isOwn && model !== null && own.model !== null && own.model !== model) {
      await setModel(this.#connection, session, own.model)
    }
    if (effort !== null && own.effort !== null && own.effort !== effort) {
      await setEffort(this.#connection, session, own.effort)
    }
  }

  async #take(): Promise<SessionDescription> {
    const spare = this.#spare
    this.#spare = null
    return spare ?? this.#create([])
  }

  async #create(mcpServers: readonly unknown[]): Promise<SessionDescription> {
    const { cwd } = this.#options
    const description = await this.#connection.request(
      "session/new",
      { cwd, mcpServers },
      sessionResultSchema,
    )
    if (!description.sessionId) throw new RpcRefusedError("session/new", 0, "the answer names no session")
    this.#own = choiceOf(description)
    this.#efforts = effortsOf(description)
    return description
  }

  async #channel({ tools }: LoadOptions): Promise<FunctionChannel | null> {
    const { cli, toolEndpoint, memory } = this.#options
    if (tools.length === 0) return null
    const speaksHttp = this.#connection.description.agentCapabilities?.mcpCapabilities?.http === true
    if (toolEndpoint === null || !speaksHttp) throw cannotCallFunctions()
    return FunctionChannel.open({
      endpoint: toolEndpoint,
      fitted: memory.functions,
      rules: cli.functions,
      tools,
      holdMsOf: () => cli.holdMs,
      gathering: { quietMs: 40, isExtended: false },
    })
  }

  #sessionOf(
    id: ThreadRef,
    description: SessionDescription,
    options: LoadOptions,
    channel: FunctionChannel | null,
    own = choiceOf(description),
  ): AcpSession {
    const { cli, model, permissions } = this.#options
    return {
      id,
      description,
      own,
      tools: options.tools,
      channel,
      permissions: options.reach === undefined ? permissions : "read-only",
      setting: settingOf(cli, permissions, options),
      preamble: null,
      total: null,
      model: cli.modelArgs === undefined ? null : model,
      effort: null,
    }
  }

  async #prepare(session: AcpSession): Promise<void> {
    await applySetting(this.#connection, session, session.setting)
    await this.set(session, this.#options.model, null)
  }

  async #ask(method: string, thread: ThreadRef): Promise<void> {
    try {
      await this.#connection.request(method, { sessionId: thread }, anyResult)
    } catch (error) {
      // Unknown there, so gone already.
      this.#options.log("debug", `${method} was refused`, { thread, reason: messageOf(error) })
    }
  }
}

function serversOf(channel: FunctionChannel | null): readonly unknown[] {
  if (channel === null) return []
  const headers = Object.entries(channel.handed.headers).map(([name, value]) => ({ name, value }))
  return [{ type: "http", name: clientServer, url: channel.handed.url, headers }]
}
