import type { ThreadOptions, ThreadRef, TurnInput } from "../../domain/backend.ts"
import { ProxyError, ThreadLostError } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import { noUsage, type Usage } from "../../domain/usage.ts"
import { withFitIds } from "../kit/functions/call-ids.ts"
import type { FunctionNames } from "../kit/functions/function-names.ts"
import { namesFor } from "../kit/functions/handed-functions.ts"
import { lostOrProxyError } from "../kit/process/start-error.ts"
import { anyResult } from "../kit/rpc/rpc-client.ts"
import { unfitFunctionOf } from "./errors.ts"
import { codexKind, historyItems } from "./history-items.ts"
import type { LoadedThread } from "./loaded-thread.ts"
import type { AppServerCalls } from "./protocol.ts"
import {
  configResultSchema,
  type ListedModel,
  modelListResultSchema,
  type OwnConfig,
  type ThreadResult,
  threadResultSchema,
} from "./protocol.ts"
import { ThreadCommands } from "./thread-commands.ts"
import {
  forkParams,
  inject,
  patientProvider,
  resumeParams,
  startParams,
  type ThreadSettings,
  workspaceProfile,
} from "./thread-requests.ts"

type OwnSettings = Pick<TurnInput, "model" | "effort">

interface KeepOptions {
  readonly hasRawEvents: boolean
  readonly isReadOnly?: boolean
  /** Missing: it was opened with them. */
  readonly own?: OwnSettings
}

/** Twice of what codex takes with the delay that we give it. */
const unloadMs = 5_000

/** How long its configuration is taken for known, where only patience depends on it. */
const configMs = 5_000

/** The threads of one app-server process: made, loaded again, forked and given back. */
export class CodexThreads {
  readonly #server: AppServerCalls
  readonly #agent: ThreadSettings
  readonly #log: Log
  readonly #loaded = new Map<ThreadRef, LoadedThread>()
  readonly #resuming = new Map<ThreadRef, Promise<LoadedThread>>()
  /** Threads with a turn that codex did not end when asked to: not to be used again. */
  readonly #stuck = new Set<ThreadRef>()
  /** Called when codex has unloaded it. */
  readonly #unloading = new Map<ThreadRef, () => void>()
  #models: Promise<readonly ListedModel[]> | null = null
  readonly #streamIdleMs: number
  /** With the time at which it was asked for, as `performance.now()` tells it. */
  #lastConfig: { readonly at: number; readonly config: Promise<OwnConfig> } | null = null

  constructor(server: AppServerCalls, agent: ThreadSettings, log: Log, streamIdleMs: number) {
    this.#server = server
    this.#agent = agent
    this.#log = log
    this.#streamIdleMs = streamIdleMs
  }

  has(thread: ThreadRef): boolean {
    return this.#loaded.has(thread)
  }

  async open(options: ThreadOptions): Promise<LoadedThread> {
    const names = namesFor("codex", options.tools)
    const ownServers = options.reach !== undefined ? await this.#ownServers() : []
    const params = startParams(await this.#settings(), options, names, ownServers)
    const start = this.#server.request("thread/start", params, threadResultSchema)
    const result = await start.catch((error: unknown) => {
      throw unfitFunctionOf(error, names) ?? error
    })
    const loaded = this.#keep(result, names, { hasRawEvents: true, isReadOnly: options.reach !== undefined })
    await this.#fill(loaded, options)
    return loaded
  }

  async #fill({ id, names }: LoadedThread, { history }: ThreadOptions): Promise<void> {
    try {
      await inject(this.#server, id, historyItems(withFitIds(history, codexKind), names))
    } catch (error) {
      // Half a history is worse than none: nobody will learn this thread's id.
      await this.close(id).catch(() => {})
      throw error
    }
  }

  /** Shared by callers at the same time: a thread is resumed once. */
  async resume(thread: ThreadRef, names: FunctionNames): Promise<LoadedThread> {
    if (this.#stuck.has(thread))
      throw new ThreadLostError(`codex did not end the last turn of thread ${thread}`)
    const loaded = this.#loaded.get(thread)
    if (loaded !== undefined) {
      loaded.isGivenUp = false
      return loaded
    }
    const running = this.#resuming.get(thread)
    if (running !== undefined) return running
    const resuming = this.#resume(thread, names).finally(() => this.#resuming.delete(thread))
    this.#resuming.set(thread, resuming)
    return resuming
  }

  async #resume(thread: ThreadRef, names: FunctionNames): Promise<LoadedThread> {
    try {
      const params = resumeParams(await this.#settings(), thread)
      const [result, own] = await Promise.all([
        this.#server.request("thread/resume", params, threadResultSchema),
        this.#ownSettings(),
      ])
      // It comes back with what its last turn had: a setting, perhaps, that is gone.
      return this.#keep(result, names, { hasRawEvents: false, own })
    } catch (error) {
      throw lostOrProxyError(error)
    }
  }

  async fork(thread: ThreadRef, at: string, options: ThreadOptions): Promise<LoadedThread> {
    try {
      const params = forkParams(await this.#settings(), thread, at, options.isEphemeral)
      const result = await this.#server.request("thread/fork", params, threadResultSchema)
      const loaded = this.#keep(result, namesFor("codex", options.tools), { hasRawEvents: false })
      await this.#fill(loaded, options)
      return loaded
    } catch (error) {
      throw lostOrProxyError(error)
    }
  }

  /** What all its turns have used, as codex tells it between them. */
  usageTold(thread: ThreadRef, total: Usage): void {
    const loaded = this.#loaded.get(thread)
    if (loaded !== undefined) loaded.totalUsage = total
  }

  /** A command that went on after its turn. */
  async commandCompleted(thread: ThreadRef, itemId: string): Promise<void> {
    const loaded = this.#loaded.get(thread)
    loaded?.commands.completed(itemId)
    if (loaded?.isGivenUp === true) await this.close(thread)
  }

  /** Gives it back until codex has unloaded it: it reads everything anew when it is resumed. */
  async unload(thread: ThreadRef): Promise<void> {
    if (!this.#loaded.has(thread)) return
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#unloading.set(thread, () => resolve(true))
    const timer = setTimeout(() => resolve(false), unloadMs)
    try {
      await this.close(thread)
      if (this.#loaded.has(thread))
        throw new ProxyError("backend_error", `A command of thread ${thread} runs`)
      if (!(await promise)) this.#log("info", "codex has not unloaded a thread in time", { thread })
    } finally {
      clearTimeout(timer)
      this.#unloading.delete(thread)
    }
  }

  /** codex unloads it after a delay, and would end its commands: while one runs, it stays. */
  async close(thread: ThreadRef): Promise<void> {
    const loaded = this.#loaded.get(thread)
    if (loaded === undefined) return
    loaded.isGivenUp = true
    if (await loaded.commands.areRunning()) return
    // Meanwhile somebody may have begun to use it again.
    if (!loaded.isGivenUp || !this.#loaded.delete(thread)) return
    await this.#server.request("thread/unsubscribe", { threadId: thread }, anyResult)
  }

  async delete(thread: ThreadRef): Promise<void> {
    const isEphemeral = this.#loaded.get(thread)?.rolloutFile === null
    this.#loaded.delete(thread)
    // codex refuses to delete what it has not written down; given up, such a thread is gone.
    if (isEphemeral) {
      await this.#server.request("thread/unsubscribe", { threadId: thread }, anyResult)
      return
    }
    await this.#server.request("thread/delete", { threadId: thread }, anyResult)
  }

  /** codex does not have it any more. */
  forget(thread: ThreadRef): void {
    this.#loaded.delete(thread)
    this.#unloading.get(thread)?.()
  }

  markStuck(thread: ThreadRef): void {
    this.#loaded.delete(thread)
    this.#stuck.add(thread)
  }

  /** Its turn has ended after all. */
  unmarkStuck(thread: ThreadRef): void {
    this.#stuck.delete(thread)
  }

  /** What a turn must say so that no earlier turn's model and effort stay. Null: nothing. */
  async turnSettings(thread: LoadedThread, input: TurnInput): Promise<OwnSettings> {
    const wantedModel = input.model ?? thread.ownModel
    const model = wantedModel === thread.model ? null : wantedModel
    thread.model = wantedModel
    if (input.effort === null && thread.effort === thread.ownEffort) return { model, effort: null }
    const effort = input.effort ?? thread.ownEffort ?? (await this.#defaultEffort(wantedModel))
    thread.effort = input.effort ?? thread.ownEffort
    return { model, effort }
  }

  /** Reasoning efforts of the agent's model; empty when codex has no catalogue entry for it. */
  async efforts(): Promise<readonly string[]> {
    const models = await this.#listModels()
    const name = this.#agent.model ?? (await this.#configured()).model
    const model = models.find((entry) => (name === null ? entry.isDefault : entry.model === name))
    return model?.supportedReasoningEfforts.map((effort) => effort.reasoningEffort) ?? []
  }

  /** What a new thread would have. A model of null: that cannot be told. */
  async #ownSettings(): Promise<OwnSettings> {
    const { model, effort } = await this.#configured()
    const own = this.#agent.model ?? model
    if (own !== null) return { model: own, effort }
    return { model: (await this.#listModels()).find(({ isDefault }) => isDefault)?.model ?? null, effort }
  }

  /** The user's own configuration; a model of null: the default of codex's catalogue. */
  async #configured(): Promise<OwnSettings> {
    const config = await this.#config()
    return { model: config.model ?? null, effort: config.model_reasoning_effort ?? null }
  }

  /**
   * The agent's, and how long its provider is waited for. A question of its own before each thread
   * would be a third of its cost.
   */
  async #settings(): Promise<ThreadSettings> {
    const known = this.#lastConfig
    const isFresh = known !== null && performance.now() - known.at < configMs
    const config = await (isFresh ? known.config : this.#config())
    return { ...this.#agent, providerConfig: patientProvider(config, this.#streamIdleMs) }
  }

  /** As it is now; empty where codex does not tell it. */
  #config(): Promise<OwnConfig> {
    const at = performance.now()
    const config = this.#server.request("config/read", { includeLayers: false }, configResultSchema).then(
      (result): OwnConfig => result.config,
      () => ({}),
    )
    this.#lastConfig = { at, config }
    return config
  }

  /** Names of the MCP servers in the user's own configuration. */
  async #ownServers(): Promise<readonly string[]> {
    const { config } = await this.#server.request("config/read", { includeLayers: false }, configResultSchema)
    return Object.keys(config.mcp_servers ?? {})
  }

  /** The catalogue of this codex; empty when it has none to tell. */
  #listModels(): Promise<readonly ListedModel[]> {
    this.#models ??= this.#server.request("model/list", { limit: 200 }, modelListResultSchema).then(
      (result) => result.data,
      () => [],
    )
    return this.#models
  }

  async #defaultEffort(model: string): Promise<string> {
    const listed = (await this.#listModels()).find((entry) => entry.model === model)
    return listed?.defaultReasoningEffort ?? "medium"
  }

  /** Old releases ignore a profile, and an administrator's rules may replace it. */
  #checkProfile({ thread, activePermissionProfile: active }: ThreadResult): void {
    if (this.#agent.permissions !== "workspace" || active?.id === workspaceProfile) return
    // It is not to stay loaded for nobody.
    this.#server.request("thread/unsubscribe", { threadId: thread.id }, anyResult).catch(() => {})
    throw new ProxyError(
      "agent_not_ready",
      "This codex does not keep to the permissions 'workspace'" +
        (active == null ? ": update it to 0.138 or newer" : `; it works with the profile '${active.id}'`) +
        ". Or set `permissions` in control/agent.json of the agent to full or read-only.",
    )
  }

  #keep(
    result: ThreadResult,
    names: FunctionNames,
    { hasRawEvents, isReadOnly = false, own }: KeepOptions,
  ): LoadedThread {
    if (!isReadOnly) this.#checkProfile(result)
    const effort = result.reasoningEffort ?? null
    const loaded: LoadedThread = {
      id: result.thread.id,
      names,
      hasRawEvents,
      rolloutFile: result.thread.path ?? null,
      ownModel: this.#agent.model ?? own?.model ?? result.model,
      ownEffort: own === undefined ? effort : own.effort,
      model: result.model,
      effort,
      // A new one has used nothing; a fork begins with its source's.
      totalUsage: hasRawEvents ? noUsage : null,
      commands: new ThreadCommands({
        server: this.#server,
        threadId: result.thread.id,
        mayHaveRun: own !== undefined,
        log: this.#log,
      }),
      hasForgotten: false,
      isGivenUp: false,
    }
    this.#loaded.set(loaded.id, loaded)
    return loaded
  }
}
