import { z } from "zod"
import type {
  Backend,
  Capabilities,
  Readiness,
  ThreadOptions,
  ThreadRef,
  Turn,
  TurnInput,
} from "../../domain/backend.ts"
import { cannotBeHeld, messageOf, ProxyError, ThreadLostError } from "../../domain/errors.ts"
import { functionRules } from "../kit/functions/function-rules.ts"
import { startableProgram } from "../kit/process/find-executable.ts"
import { type BriefRun, runBriefly } from "../kit/process/run-briefly.ts"
import { endLeftBehind, RunningProcesses } from "../kit/process/running-processes.ts"
import { notReady, stopping, turnErrorOfThrown } from "../kit/process/start-error.ts"
import { FunctionChannel } from "../kit/turn/function-channel.ts"
import { callsFunctions, holdMsOf } from "./functions.ts"
import { LastSession } from "./last-session.ts"
import { defaultTimeouts, type ExecBackendOptions, type ExecTimeouts } from "./options.ts"
import { type ExecProfile, probeExec } from "./probe.ts"
import type { Restraint } from "./program.ts"
import { runExecTurn } from "./run.ts"
import { ThreadFiles } from "./thread-files.ts"
import { type ExecThread, ExecThreads } from "./threads.ts"
import { ExecTurn } from "./turn.ts"

/**
 * An agent on any program that understands codex's exec arguments: a new process for each turn. See `probeExecutable` for
 * which programs need it, `execCommand` for the arguments, and `LastSession` for when `--last` is used.
 *
 * Threads: a program with `--json` names its thread in the first turn, and is resumed by that name from then on, also
 * after a restart of the service. A plain-text program names none: it is told the conversation with each turn.
 */
export function createExecBackend(options: ExecBackendOptions): Backend {
  return new ExecBackend(options)
}

/** Its own sandbox holds codex; of other programs nothing is known. */
function canBeHeld({ isCodex, features }: ExecProfile): boolean {
  return isCodex && features.takesConfig
}

const serverListSchema = z.array(z.object({ name: z.string() }))

/** Null: it does not tell them. */
function ownServersOf({ exitCode, output }: BriefRun): readonly string[] | null {
  if (exitCode !== 0) return null
  try {
    return serverListSchema.parse(JSON.parse(output.slice(output.indexOf("[")))).map(({ name }) => name)
  } catch {
    // Another form than that of the releases that are known.
    return null
  }
}

class ExecBackend implements Backend {
  readonly kind = "exec"
  readonly changesTools = true
  readonly #options: ExecBackendOptions
  readonly #timeouts: ExecTimeouts
  readonly #files: ThreadFiles
  readonly #threads: ExecThreads
  readonly #lastSession: LastSession
  readonly #running: RunningProcesses
  #cleaning: Promise<void> | null = null
  /** Turns whose process may still be there; the newest of each thread. */
  readonly #turns = new Map<ThreadRef, ExecTurn>()
  readonly #living = new Set<ExecTurn>()
  readonly #stopping = new AbortController()
  #profile: ExecProfile | null = null

  constructor(options: ExecBackendOptions) {
    this.#options = options
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts }
    this.#files = new ThreadFiles(options.cwd, options.log)
    this.#threads = new ExecThreads(this.#files)
    this.#lastSession = new LastSession(this.#files)
    this.#running = options.running ?? new RunningProcesses(options.cwd, options.log)
  }

  async capabilities(): Promise<Capabilities> {
    const profile = await this.#probe()
    const { program, version, features } = profile
    return {
      program,
      version,
      // `--json` gives whole items only.
      streamsDeltas: !features.printsJson,
      acceptsImages: features.printsJson && features.takesImages,
      hasOutputSchema: features.takesSchema,
      hasFunctions: this.#options.toolEndpoint !== null && callsFunctions(profile),
      hasFork: false,
      ...(!canBeHeld(profile) && { alwaysActs: true }),
      efforts: features.takesConfig ? ["low", "medium", "high"] : [],
      ...(!features.printsJson && { hidesItsWork: true }),
    }
  }

  /** Ready when the program can be started; whether it is logged in shows in the first turn only. */
  async readiness(): Promise<Readiness> {
    try {
      await this.#clean()
      await this.#probe()
      return { isReady: true }
    } catch (error) {
      return notReady(error)
    }
  }

  async openThread(options: ThreadOptions): Promise<ThreadRef> {
    if (options.reach !== undefined) {
      const profile = this.#profile ?? (await this.#probe())
      if (!canBeHeld(profile)) throw cannotBeHeld(profile.program)
    }
    return this.#threads.open(options, await this.#openFunctions(options)).ref
  }

  async resumeThread(ref: ThreadRef, options: ThreadOptions): Promise<void> {
    const thread = await this.#find(ref)
    // The next process asks for the list; one that is there hears of it if it likes.
    if (thread.functions !== null) await thread.functions.setTools(options.tools, 0)
    else thread.functions = await this.#openFunctions(options)
  }

  async forkThread(thread: ThreadRef, at: string): Promise<ThreadRef> {
    throw new ThreadLostError(`exec cannot branch thread ${thread} at turn ${at}`)
  }

  async closeThread(thread: ThreadRef): Promise<void> {
    this.#threads.close(thread)
  }

  async deleteThread(thread: ThreadRef): Promise<void> {
    await this.#turns.get(thread)?.settled
    const nativeId = await this.#threads.delete(thread)
    if (nativeId !== null && this.#profile?.isCodex) await this.#deleteRecord(nativeId)
  }

  startTurn(thread: ThreadRef, input: TurnInput): Turn {
    const turn = new ExecTurn(this.#timeouts, this.#options.log)
    const previous = this.#turns.get(thread)
    if (previous?.isOver === false) {
      turn.fail({
        code: "backend_error",
        message: `A turn of thread ${thread} runs already`,
        modelStatus: null,
      })
      turn.settle()
      return turn
    }
    this.#turns.set(thread, turn)
    this.#living.add(turn)
    void this.#run(turn, thread, input, previous).finally(() => {
      turn.settle()
      this.#living.delete(turn)
      if (this.#turns.get(thread) === turn) this.#turns.delete(thread)
    })
    return turn
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([...this.#living].map((turn) => turn.stop()))
    this.#threads.stop()
  }

  async #openFunctions({ tools }: ThreadOptions): Promise<FunctionChannel | null> {
    const { toolEndpoint } = this.#options
    if (tools.length === 0) return null
    if (toolEndpoint === null || !callsFunctions(this.#profile ?? (await this.#probe()))) {
      throw new ProxyError("invalid_request", "This agent cannot call functions of the client.", {
        param: "tools",
      })
    }
    return FunctionChannel.open({
      endpoint: toolEndpoint,
      rules: functionRules["codex exec"],
      tools,
      holdMsOf,
    })
  }

  async #run(turn: ExecTurn, ref: ThreadRef, input: TurnInput, previous?: ExecTurn): Promise<void> {
    try {
      await this.#clean()
      const profile = this.#profile ?? (await this.#probe())
      const file = this.#file()
      const thread = await this.#find(ref)
      // The answer is told before its process is gone, and a session has room for one process.
      await previous?.settled
      const context = {
        options: this.#options,
        threads: this.#threads,
        lastSession: this.#lastSession,
        running: this.#running,
      }
      const restraint = await this.#restraintOf(thread, file)
      await runExecTurn(context, { turn, thread, input, profile, file, restraint })
    } catch (error) {
      turn.fail(turnErrorOfThrown(error))
    }
  }

  async #restraintOf({ limits }: ExecThread, file: string): Promise<Restraint | null> {
    if (limits.reach === undefined) return null
    const { cwd, env } = this.#options
    const options = { cwd, env, timeoutMs: this.#timeouts.probeMs, signal: this.#stopping.signal }
    const ownServers = ownServersOf(await runBriefly(file, ["mcp", "list", "--json"], options))
    if (ownServers === null) throw cannotBeHeld("This codex")
    return { reach: limits.reach, ownServers }
  }

  async #find(ref: ThreadRef): Promise<ExecThread> {
    try {
      return await this.#threads.find(ref)
    } catch (error) {
      const isLast = this.#options.resumesLast && (await this.#lastSession.isOf(ref))
      if (error instanceof ThreadLostError && isLast) return this.#threads.adoptLast(ref)
      throw error
    }
  }

  /** Once, before anything of ours runs: what a killed service left in this workspace is ended. */
  #clean(): Promise<void> {
    this.#cleaning ??= endLeftBehind(this.#options.cwd, this.#options.log)
    return this.#cleaning
  }

  #file(): string {
    if (this.#stopping.signal.aborted) throw stopping()
    return startableProgram(this.#options, "Install it")
  }

  /** Cheap while the file stays the same; turns use what the last call found. */
  async #probe(): Promise<ExecProfile> {
    const { cwd, env, probeMemory } = this.#options
    try {
      this.#profile = await probeExec(this.#file(), {
        cwd,
        env,
        timeoutMs: this.#timeouts.probeMs,
        signal: this.#stopping.signal,
        ...(probeMemory === undefined ? {} : { memory: probeMemory }),
      })
    } catch (error) {
      if (this.#stopping.signal.aborted) throw stopping(error)
      throw error
    }
    return this.#profile
  }

  async #deleteRecord(nativeId: string): Promise<void> {
    const { cwd, env, log } = this.#options
    try {
      const options = { cwd, env, timeoutMs: this.#timeouts.probeMs, signal: this.#stopping.signal }
      const { exitCode } = await runBriefly(this.#file(), ["delete", "--force", nativeId], options)
      if (exitCode !== 0) log("info", "codex did not delete a thread", { thread: nativeId, exitCode })
    } catch (error) {
      log("info", "codex did not delete a thread", { thread: nativeId, reason: messageOf(error) })
    }
  }
}
