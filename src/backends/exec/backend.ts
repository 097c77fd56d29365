import { z } from "zod"
import type { Capabilities } from "../../domain/agents.ts"
import type { Backend, ThreadOptions, ThreadRef } from "../../domain/backend.ts"
import { cannotBeHeld, cannotCallFunctions, messageOf, ThreadLostError } from "../../domain/errors.ts"
import { functionRules } from "../kit/functions/function-rules.ts"
import { PerTurnBackend, type TurnToRun } from "../kit/per-turn/backend.ts"
import type { ProcessThread } from "../kit/per-turn/threads.ts"
import type { ProcessTurn } from "../kit/per-turn/turn.ts"
import { type AskOptions, type BriefRun, runBounded } from "../kit/process/probe.ts"
import { stopping } from "../kit/process/start-error.ts"
import { FunctionChannel } from "../kit/turn/function-channel.ts"
import { type ExecProfile, whatIsServed } from "./features.ts"
import { LastSession } from "./last-session.ts"
import { type ExecBackendOptions, execTimeouts } from "./options.ts"
import { probeExec } from "./probe.ts"
import { callsFunctions, holdMsOf, type Restraint } from "./program.ts"
import { runExecTurn } from "./run.ts"

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

/**
 * An agent on any program that understands codex's exec arguments: a new process for each turn. See
 * `probeExecutable` for which programs need it, `execCommand` for the arguments, and `LastSession`
 * for when `--last` is used.
 *
 * Threads: a program with `--json` names its thread in the first turn, and is resumed by that name
 * from then on, also after a restart of the service. A plain-text program names none: it is told
 * the conversation with each turn.
 */
export class ExecBackend extends PerTurnBackend implements Backend {
  readonly kind = "exec"
  readonly changesTools = true
  readonly #options: ExecBackendOptions
  readonly #probeMs: number
  readonly #lastSession: LastSession
  #profile: ExecProfile | null = null

  constructor(options: ExecBackendOptions) {
    super(options, "Install it")
    this.#options = options
    this.#probeMs = options.timeouts?.probeMs ?? execTimeouts.probeMs
    this.#lastSession = new LastSession(this.files)
  }

  async capabilities(): Promise<Capabilities> {
    const profile = await this.#probe()
    const { program, version, features } = profile
    return {
      program,
      version,
      // `--json` gives whole items only.
      streamsDeltas: !features.printsJson,
      ...whatIsServed(profile),
      hasFunctions: this.#options.toolEndpoint !== null && callsFunctions(profile),
      hasFork: false,
      ...(!canBeHeld(profile) && { alwaysActs: true }),
      efforts: features.takesConfig ? ["low", "medium", "high"] : [],
      ...(!features.printsJson && { hidesItsWork: true }),
    }
  }

  async openThread(options: ThreadOptions): Promise<ThreadRef> {
    if (options.reach !== undefined) {
      const profile = this.#profile ?? (await this.#probe())
      if (!canBeHeld(profile)) throw cannotBeHeld(profile.program)
    }
    return this.threads.open(options, await this.#openFunctions(options)).ref
  }

  async resumeThread(ref: ThreadRef, options: ThreadOptions): Promise<void> {
    const thread = await this.#find(ref)
    // The next process asks for the list; one that is there hears of it if it likes.
    if (thread.functions !== null) await thread.functions.handed.setTools(options.tools, 0)
    else thread.functions = await this.#openFunctions(options)
  }

  protected override async check(): Promise<void> {
    await this.#probe()
  }

  protected override async forget(thread: ThreadRef): Promise<string | null> {
    const nativeId = await super.forget(thread)
    if (nativeId !== null && this.#profile?.isCodex) await this.#deleteRecord(nativeId)
    return nativeId
  }

  protected async run(turn: ProcessTurn, { thread: ref, input, previous }: TurnToRun): Promise<void> {
    const profile = this.#profile ?? (await this.#probe())
    const file = this.file()
    const thread = await this.#find(ref)
    // A session has room for one process.
    await previous
    const context = {
      options: this.#options,
      threads: this.threads,
      lastSession: this.#lastSession,
    }
    const restraint = await this.#restraintOf(thread, file)
    await runExecTurn(context, { turn, thread, input, profile, file, restraint })
  }

  async #openFunctions({ tools }: ThreadOptions): Promise<FunctionChannel | null> {
    const { toolEndpoint, memory } = this.#options
    if (tools.length === 0) return null
    if (toolEndpoint === null || !callsFunctions(this.#profile ?? (await this.#probe()))) {
      throw cannotCallFunctions()
    }
    return FunctionChannel.open({
      endpoint: toolEndpoint,
      fitted: memory.functions,
      rules: functionRules["codex exec"],
      tools,
      holdMsOf,
      gathering: { quietMs: 200, isExtended: true },
    })
  }

  async #restraintOf({ reach }: ProcessThread, file: string): Promise<Restraint | null> {
    if (reach === null) return null
    const ownServers = ownServersOf(await runBounded(file, ["mcp", "list", "--json"], this.#askOptions))
    if (ownServers === null) throw cannotBeHeld("This codex")
    return { reach, ownServers }
  }

  async #find(ref: ThreadRef): Promise<ProcessThread> {
    try {
      return await this.threads.find(ref)
    } catch (error) {
      const isLast = this.#options.resumesLast && (await this.#lastSession.isOf(ref))
      if (error instanceof ThreadLostError && isLast) return this.threads.adoptLast(ref)
      throw error
    }
  }

  /** Cheap while the file stays the same; turns use what the last call found. */
  async #probe(): Promise<ExecProfile> {
    try {
      const memory = this.#options.memory.programs
      this.#profile = await probeExec(this.file(), { ...this.#askOptions, memory })
      return this.#profile
    } catch (error) {
      throw this.stopping.signal.aborted ? stopping(error) : error
    }
  }

  async #deleteRecord(nativeId: string): Promise<void> {
    const { log } = this.#options
    try {
      const args = ["delete", "--force", nativeId]
      const { exitCode } = await runBounded(this.file(), args, this.#askOptions)
      if (exitCode !== 0) log("info", "codex did not delete a thread", { thread: nativeId, exitCode })
    } catch (error) {
      log("info", "codex did not delete a thread", { thread: nativeId, reason: messageOf(error) })
    }
  }

  get #askOptions(): AskOptions {
    const { cwd, env } = this.#options
    return { cwd, env, timeoutMs: this.#probeMs, signal: this.stopping.signal }
  }
}
