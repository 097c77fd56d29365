import { readFileSync } from "node:fs"
import path from "node:path"
import { z } from "zod"
import type { OwnPath } from "../../disk/held-folder.ts"
import { removeOwnFileSync, replaceOwnFileSync } from "../../disk/own-file.ts"
import type { HistoryTurn, ThreadOptions, ThreadRef } from "../../domain/backend.ts"
import { messageOf, ProxyError, ThreadLostError } from "../../domain/errors.ts"
import { parseExact } from "../../domain/exact-numbers.ts"
import type { FunctionTool } from "../../domain/items.ts"
import { functionRules } from "../kit/functions/function-rules.ts"
import { clientServer, type HandedChannel, namesFor, openHanded } from "../kit/functions/handed-functions.ts"
import type { RunningProcesses } from "../kit/process/running-processes.ts"
import { stopping } from "../kit/process/start-error.ts"
import { historyMessages, type SeedMessage } from "./history-messages.ts"
import type { InstalledClaude } from "./installed.ts"
import { type LaunchProfile, launchArguments, type SessionStart } from "./launch-arguments.ts"
import type { ClaudeBackendOptions, ClaudeTimeouts } from "./options.ts"
import { ClaudeProcess } from "./program.ts"
import type { ClaudeEvent } from "./protocol.ts"
import { type ClaudeRecord, deleteSession } from "./thread-record.ts"
import type { ClaudeTurn } from "./turn.ts"

interface ThreadProcessesOptions {
  readonly options: ClaudeBackendOptions
  readonly timeouts: ClaudeTimeouts
  readonly maxIdle: number
  readonly program: InstalledClaude
  readonly running: RunningProcesses
  readonly onEvent: (thread: ClaudeThread, event: ClaudeEvent) => void
}

/** The processes of the threads: at most one each, warm while it is used, and a few longer. */
export class ThreadProcesses {
  readonly #options: ThreadProcessesOptions
  readonly #all = new Set<ClaudeProcess>()
  /** Threads with a process and no turn, the longest unused first. */
  readonly #idle = new Set<ClaudeThread>()
  #isStopped = false

  constructor(options: ThreadProcessesOptions) {
    this.#options = options
  }

  /**
   * The process of a thread for a turn, and what of its history it does not know yet. A process
   * that was started otherwise is replaced: claude has no way to change these.
   */
  async acquire(
    thread: ClaudeThread,
    profile: LaunchProfile,
  ): Promise<{ readonly process: ClaudeProcess; readonly missing: readonly SeedMessage[] }> {
    this.#leaveIdle(thread)
    const { warm } = thread
    if (warm !== null && !warm.process.isEnding && isSame(warm.profile, profile)) {
      return { process: warm.process, missing: [] }
    }
    await warm?.process.close()
    const wasStarted = warm !== null
    thread.warm = null
    if (wasStarted && thread.start.type !== "resume") {
      // What an aborted beginning left would be in the way of the same session id.
      await deleteSession(this.#options.options.env, thread.ref)
    }
    if (wasStarted && thread.isEphemeral && thread.isRecorded) {
      throw new ThreadLostError(`Thread ${thread.ref} was kept in memory only`)
    }
    thread.uninvited = null
    thread.warm = await this.#start(thread, profile)
    return {
      process: thread.warm.process,
      missing:
        thread.start.type === "new" ? historyMessages(thread.history, namesFor("claude", thread.tools)) : [],
    }
  }

  /** The turn is over: the process stays for a while. */
  release(thread: ClaudeThread): void {
    if (thread.warm === null || thread.warm.process.isEnding || this.#isStopped) return
    this.#leaveIdle(thread)
    this.#idle.add(thread)
    thread.idleTimer = setTimeout(() => void this.close(thread), this.#options.timeouts.idleMs)
    thread.idleTimer.unref()
    const [oldest] = this.#idle
    if (this.#idle.size > this.#options.maxIdle && oldest !== undefined) void this.close(oldest)
  }

  /** Gives the memory back; the thread can be resumed. */
  async close(thread: ClaudeThread): Promise<void> {
    this.#leaveIdle(thread)
    await thread.warm?.process.close()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#all].map((process) => process.end()))
    for (const thread of this.#idle) this.#leaveIdle(thread)
  }

  #leaveIdle(thread: ClaudeThread): void {
    this.#idle.delete(thread)
    if (thread.idleTimer !== null) clearTimeout(thread.idleTimer)
    thread.idleTimer = null
  }

  async #start(thread: ClaudeThread, profile: LaunchProfile): Promise<WarmProcess> {
    const { options, timeouts, program, running, onEvent } = this.#options
    const file = program.file()
    const mcpConfigFile = await this.#writeMcpConfig(thread)
    const args = launchArguments({
      session: thread.ref,
      start: thread.start,
      isEphemeral: thread.isEphemeral,
      reach: thread.record.reach,
      mcpConfigFile,
      permissions: options.permissions,
      protectedFolders: options.protectedFolders ?? [],
      profile: { ...profile, model: profile.model ?? this.#modelAgain(thread) },
    })
    // Again: it may have taken a while.
    if (this.#isStopped) throw stopping()
    let exitReason: string | null = null
    const process = new ClaudeProcess({
      call: { file, args, cwd: options.cwd, env: environmentOf(options) },
      running,
      timeouts,
      log: options.log,
      onEvent: (event) => onEvent(thread, event),
      onExit: (exit) => {
        exitReason = process.describe(exit)
        this.#all.delete(process)
        thread.turn?.exited(process, exit)
        if (process.pid === 0) return
        const expected = this.#isStopped ? ({ isExpected: true } as const) : {}
        options.onEvent({ type: "process.exited", pid: process.pid, reason: exitReason, ...expected })
      },
    })
    this.#all.add(process)
    if (process.pid !== 0) options.onEvent({ type: "process.started", pid: process.pid })
    try {
      await process.request("initialize", timeouts.startMs, {
        ...(thread.record.instructions === null ? {} : { appendSystemPrompt: thread.record.instructions }),
        ...(profile.schema === null ? {} : { jsonSchema: parseExact(profile.schema) }),
      })
    } catch (error) {
      await process.end()
      throw startFailure(exitReason ?? messageOf(error), error)
    } finally {
      if (mcpConfigFile !== null) removeOwnFileSync(mcpConfigOf(options.cwd, thread))
    }
    return { process, profile }
  }

  /** A session keeps the model it was told, until it is told another. Null: it need not be told. */
  #modelAgain({ start, record }: ClaudeThread): string | null {
    return start.type === "new" || record.lastModel === null ? null : ownModel(this.#options.options.env)
  }

  /** In a file of ours, as all users can list arguments; gone once claude has read it. */
  async #writeMcpConfig(thread: ClaudeThread): Promise<string | null> {
    const { options } = this.#options
    if (thread.tools.length === 0 || options.toolEndpoint === null) return null
    const functions = {
      endpoint: options.toolEndpoint,
      fitted: options.memory.functions,
      rules: functionRules.claude,
      tools: thread.tools,
    }
    thread.channel ??= await openHanded(functions, (call) => {
      if (thread.turn === null) call.answer([{ type: "text", text: "No turn is running." }], true)
      else thread.turn.requested(call)
    })
    const { url, headers } = thread.channel
    const server = { type: "http", url, headers, alwaysLoad: true }
    const own = mcpConfigOf(options.cwd, thread)
    replaceOwnFileSync(own, JSON.stringify({ mcpServers: { [clientServer]: server } }))
    return path.join(own.root, own.path)
  }
}

function mcpConfigOf(root: string, { ref }: ClaudeThread): OwnPath {
  return { root, path: `control/claude-threads/${ref}.mcp.json` }
}

/** As root claude works unasked only in a sandbox: here the person has decided so. */
function environmentOf({ env, permissions }: ClaudeBackendOptions): Readonly<Record<string, string>> {
  return permissions === "full" && process.getuid?.() === 0 ? { ...env, IS_SANDBOX: "1" } : env
}

function startFailure(reason: string, cause: unknown): ProxyError {
  if (/No conversation found|No message found with message\.uuid/.test(reason)) {
    return new ThreadLostError(reason, cause)
  }
  return new ProxyError("backend_died", reason, { cause })
}

function isSame(a: LaunchProfile, b: LaunchProfile): boolean {
  return a.model === b.model && a.effort === b.effort && a.schema === b.schema
}

const settingsSchema = z.object({ model: z.string().min(1).optional() })

/**
 * The model of a person's own claude, as `--model` takes it: that of the environment or of their
 * settings, else claude's default for the account. A session that is resumed without the argument
 * has the first of these too, but in place of the default the model that it had last.
 */
function ownModel(env: Readonly<Record<string, string>>): string {
  if (env.ANTHROPIC_MODEL) return env.ANTHROPIC_MODEL
  const home = env.CLAUDE_CONFIG_DIR ?? path.join(env.HOME ?? "/", ".claude")
  try {
    const settings = settingsSchema.parse(JSON.parse(readFileSync(path.join(home, "settings.json"), "utf8")))
    return settings.model ?? "default"
  } catch {
    // There are none, or claude itself says what is wrong with them.
    return "default"
  }
}

/** A warm process and what it was started with. */
interface WarmProcess {
  readonly process: ClaudeProcess
  readonly profile: LaunchProfile
}

/** A thread that is in use, or was since it was opened. */
export interface ClaudeThread {
  /** Also the id of claude's session. */
  readonly ref: ThreadRef
  readonly record: ClaudeRecord
  readonly isEphemeral: boolean
  tools: readonly FunctionTool[]
  /** What the session is to be told before its first turn. */
  history: readonly HistoryTurn[]
  start: SessionStart
  /** claude has the session, and we have noted it. */
  isRecorded: boolean
  channel: HandedChannel | null
  warm: WarmProcess | null
  turn: ClaudeTurn | null
  /** Resolves when the turn is over that claude has begun by itself. */
  uninvited: PromiseWithResolvers<void> | null
  /** Ends the process of an unused thread. */
  idleTimer: NodeJS.Timeout | null
}

export function newThread(ref: ThreadRef, options: ThreadOptions, start: SessionStart): ClaudeThread {
  const { instructions, reach = null, isEphemeral, tools, history } = options
  return {
    ref,
    record: { instructions, reach, lastOfTurn: new Map(), lastModel: null },
    isEphemeral,
    tools,
    history,
    start,
    isRecorded: false,
    channel: null,
    warm: null,
    turn: null,
    uninvited: null,
    idleTimer: null,
  }
}

/** A thread of an earlier run, or one that was closed. */
export function knownThread(ref: ThreadRef, record: ClaudeRecord, options: ThreadOptions): ClaudeThread {
  const { instructions } = record
  const thread = newThread(ref, { ...options, instructions, history: [] }, { type: "resume" })
  return { ...thread, record, isRecorded: true }
}
