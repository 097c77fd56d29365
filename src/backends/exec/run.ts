import type { TurnInput } from "../../domain/backend.ts"
import { messageOf, ThreadLostError } from "../../domain/errors.ts"
import { noUsage, type Usage } from "../../domain/usage.ts"
import { defaultMaxAnswerLength, TextReader } from "../kit/per-turn/text-reader.ts"
import type { ProcessThread, ProcessThreads } from "../kit/per-turn/threads.ts"
import type { ProcessTurn } from "../kit/per-turn/turn.ts"
import {
  type CommandLine,
  maxArgumentBytes,
  maxStdinBytes,
  refuseUnserved,
  renderPrompt,
} from "../kit/turn/input.ts"
import { type ExecProfile, whatIsServed } from "./features.ts"
import type { LastSession, SessionRun } from "./last-session.ts"
import type { ExecBackendOptions } from "./options.ts"
import {
  canConfigureInstructions,
  execCommand,
  functionEnvironment,
  type Restraint,
  type SessionTarget,
} from "./program.ts"
import { JsonReader } from "./reader.ts"
import { type TurnFiles, writeTurnFiles } from "./turn-files.ts"

interface RunContext {
  readonly options: ExecBackendOptions
  readonly threads: ProcessThreads
  readonly lastSession: LastSession
}

interface ExecRun {
  readonly turn: ProcessTurn
  readonly thread: ProcessThread
  readonly input: TurnInput
  readonly profile: ExecProfile
  /** Absolute path of the program. */
  readonly file: string
  /** Null: it may act. */
  readonly restraint: Restraint | null
}

/**
 * Runs one turn to the end of its process. Rejects, with the turn not told its end, when there is
 * no process to be started: `ProxyError`, `ThreadLostError`.
 */
export async function runExecTurn(context: RunContext, run: ExecRun): Promise<void> {
  const { turn, thread, input, profile } = run
  refuseUnserved(input, whatIsServed(profile), `The agent's program ${profile.program}`)
  const session = await beginSession(context, thread)
  try {
    if (!turn.isOver) await runInSession(context, run, session)
  } finally {
    await session?.end(turn.isCompleted ? "whole" : turn.hasStarted ? "broken" : "unused")
  }
}

/** Null where nobody cares whose session is the newest. */
async function beginSession(context: RunContext, thread: ProcessThread): Promise<SessionRun | null> {
  if (!context.options.resumesLast) return null
  const isNew = context.options.isNewcomer !== true && !thread.hasRun && thread.history?.length === 0
  const mayTake = !thread.isEphemeral && thread.nativeId === null
  return context.lastSession.begin(thread.ref, { isNew, mayTake })
}

async function runInSession(context: RunContext, run: ExecRun, session: SessionRun | null): Promise<void> {
  const { turn, thread, input } = run
  const target = targetOf(thread, session)
  if (target === "new" && thread.history === null) {
    await context.threads.delete(thread.ref)
    throw new ThreadLostError(`Only the CLI knew thread ${thread.ref}, and its newest session is another one`)
  }
  const files = await writeTurnFiles(context.options.cwd, input)
  try {
    const command = commandOf(context.options, run, target, files)
    if (turn.isOver) return
    await runCommand(context, run, { target, session, command })
    if (turn.isCompleted) thread.hasRun = true
    context.threads.remember(thread, { input: input.messages, output: turn.items, native: null })
  } finally {
    await files.remove()
  }
}

function targetOf(thread: ProcessThread, session: SessionRun | null): SessionTarget {
  if (thread.nativeId !== null && !thread.isEphemeral) return { id: thread.nativeId }
  return session?.isLast === true ? "last" : "new"
}

function commandOf(
  options: ExecBackendOptions,
  { thread, input, profile, restraint }: ExecRun,
  target: SessionTarget,
  files: TurnFiles,
): CommandLine {
  const instructions = target === "new" || !thread.hasRun ? thread.instructions : null
  // A session that exists ignores other developer instructions: the prompt has them then.
  const isConfigured =
    target === "new" && instructions !== null && canConfigureInstructions(profile, instructions)
  return execCommand({
    profile,
    target,
    thread,
    prompt: renderPrompt({
      instructions: isConfigured ? null : instructions,
      history: target === "new" ? (thread.history ?? []) : [],
      messages: input.messages,
      maxBytes: profile.features.readsStdin ? maxStdinBytes : maxArgumentBytes,
    }),
    instructions: isConfigured ? instructions : null,
    settings: { ...input, model: input.model ?? options.model },
    files,
    restraint,
  })
}

interface Launch {
  readonly target: SessionTarget
  readonly session: SessionRun | null
  readonly command: CommandLine
}

async function runCommand(context: RunContext, run: ExecRun, launch: Launch): Promise<void> {
  const { turn, thread, profile, file } = run
  const { cwd, env, log, maxAnswerLength = defaultMaxAnswerLength } = context.options
  const { program, features } = profile
  const native = new NativeThread(context, thread, launch)
  await turn.run({
    call: {
      file,
      args: launch.command.args,
      cwd,
      env: { ...env, ...(thread.functions !== null && functionEnvironment(thread.functions.handed)) },
    },
    stdin: launch.command.stdin,
    functions: thread.functions,
    isSilent: !features.printsJson,
    createReader: ({ push, onOutcome, giveUp }) =>
      features.printsJson
        ? new JsonReader({
            program,
            push,
            onThreadId: (nativeId) => native.named(nativeId),
            onFunctionCall: () => thread.functions?.callBegins(),
            onRecorded: () => native.recorded(),
            onOutcome,
            onGarbage: giveUp,
            log,
          })
        : new TextReader({ program, push, maxLength: maxAnswerLength, onOverflow: giveUp }),
    onCompleted: (total) => native.completed(total),
    // Forgotten before anybody hears of it, and resumes it once more.
    onFailed: async ({ code }) => {
      if (code === "thread_lost") await context.threads.delete(thread.ref)
    },
  })
  await native.stored
}

/** The program's own thread: its name and running total, told in the turn and stored. */
class NativeThread {
  readonly #context: RunContext
  readonly #thread: ProcessThread
  readonly #launch: Launch
  readonly #startedAt = Date.now()
  #told: string | null = null
  #base: Usage | null
  #newest: object | null = null
  /** Never rejects. */
  stored: Promise<void> = Promise.resolve()

  constructor(context: RunContext, thread: ProcessThread, launch: Launch) {
    this.#context = context
    this.#thread = thread
    this.#launch = launch
    this.#base = launch.target === "new" ? noUsage : thread.total
  }

  named(nativeId: string): void {
    if (this.#launch.target === "last") this.#base = wasMadeAfter(nativeId, this.#startedAt) ? noUsage : null
    this.#launch.session?.sessionTaken()
    this.#told = nativeId
  }

  /** Not before: a session cut off at its start may lack the history, to be told again. */
  recorded(): void {
    if (this.#told !== null && this.#told !== this.#thread.nativeId) this.#store(this.#told, this.#base)
  }

  /** The usage of the turn alone. */
  async completed(total: Usage | null): Promise<Usage | null> {
    const nativeId = this.#told ?? this.#thread.nativeId
    if (nativeId !== null) this.#store(nativeId, total)
    await this.stored
    return usageOfTurn(this.#base, total)
  }

  #store(nativeId: string, total: Usage | null): void {
    if (this.#thread.isEphemeral) return
    // A short turn tells its name and its end in one read: then only the end is written.
    const wanted = { nativeId, total }
    this.#newest = wanted
    const { threads, options } = this.#context
    this.stored = this.stored
      .then(() => (this.#newest === wanted ? threads.name(this.#thread, nativeId, total) : undefined))
      .catch((error) =>
        options.log("error", "the name of a thread cannot be stored", { reason: messageOf(error) }),
      )
  }
}

/**
 * The tokens of one turn out of the running totals before and after it. A turn that was interrupted
 * tells no total, so its tokens are counted with the next turn; the sum is right. Null where a
 * total is not known.
 */
export function usageOfTurn(before: Usage | null, after: Usage | null): Usage | null {
  if (before === null || after === null) return null
  const isRestarted = after.inputTokens < before.inputTokens || after.outputTokens < before.outputTokens
  if (isRestarted) return after
  return {
    inputTokens: after.inputTokens - before.inputTokens,
    cachedInputTokens: Math.max(0, after.cachedInputTokens - before.cachedInputTokens),
    outputTokens: after.outputTokens - before.outputTokens,
    reasoningTokens: Math.max(0, after.reasoningTokens - before.reasoningTokens),
  }
}

/**
 * True when an id of the kind UUIDv7, which begins with the time in milliseconds, was made at
 * `time` or later: by a process that was started then, so it names a new session.
 */
export function wasMadeAfter(id: string, time: number): boolean {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/i.exec(id)
  return match !== null && Number.parseInt(`${match[1]}${match[2]}`, 16) >= time
}
