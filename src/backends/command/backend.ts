import path from "node:path"
import type {
  Backend,
  Capabilities,
  Readiness,
  ThreadOptions,
  ThreadRef,
  Turn,
  TurnInput,
} from "../../domain/backend.ts"
import { cannotBeHeld, ProxyError, ThreadLostError } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import { defaultTimeouts } from "../exec/options.ts"
import { maxArgumentBytes, maxStdinBytes } from "../exec/program.ts"
import { ThreadFiles } from "../exec/thread-files.ts"
import { ExecThreads } from "../exec/threads.ts"
import { ExecTurn } from "../exec/turn.ts"
import { startableProgram } from "../kit/process/find-executable.ts"
import { endLeftBehind, RunningProcesses } from "../kit/process/running-processes.ts"
import { notReady, stopping, turnErrorOfThrown } from "../kit/process/start-error.ts"
import { bytesOf, renderPrompt } from "../kit/turn/prompt.ts"
import { LineReader } from "./reader.ts"

interface CommandBackendOptions {
  /** Names the backend. */
  readonly kind: string
  /** Name or path of the program. Looked up in `env.PATH` at each turn. */
  readonly executable: string
  /** Its arguments; `{prompt}` in one of them is replaced by the prompt, which goes to stdin otherwise. */
  readonly args: readonly string[]
  /** More of them for a thread that is to change nothing. Absent: nothing keeps the program from acting. */
  readonly restrainingArgs?: readonly string[]
  /** Absolute path of the agent's workspace: where the program runs, always. */
  readonly cwd: string
  /** The complete environment of the child. */
  readonly env: Readonly<Record<string, string>>
  readonly installStep: string
  readonly log: Log
  /** Longest answer, in UTF-16 units; beyond it the turn fails. */
  readonly maxAnswerLength?: number
}

/**
 * An agent on any program: prompt in, answer out, a process for each turn. It remembers nothing by itself, so each prompt
 * tells the conversation before it.
 */
export function createCommandBackend(options: CommandBackendOptions): Backend {
  return new CommandBackend(options)
}

const defaultMaxAnswerLength = 64 * 1024 * 1024

class CommandBackend implements Backend {
  readonly kind: string
  readonly changesTools = false
  readonly #options: CommandBackendOptions
  readonly #threads: ExecThreads
  readonly #running: RunningProcesses
  /** Turns whose process may still be there; the newest of each thread. */
  readonly #turns = new Map<ThreadRef, ExecTurn>()
  readonly #living = new Set<ExecTurn>()
  #cleaning: Promise<void> | null = null
  #isStopped = false

  constructor(options: CommandBackendOptions) {
    this.kind = options.kind
    this.#options = options
    this.#threads = new ExecThreads(new ThreadFiles(options.cwd, options.log))
    this.#running = new RunningProcesses(options.cwd, options.log)
  }

  async capabilities(): Promise<Capabilities> {
    return {
      program: path.basename(this.#options.executable),
      version: null,
      streamsDeltas: true,
      acceptsImages: false,
      hasOutputSchema: false,
      hasFunctions: false,
      hasFork: false,
      efforts: [],
      hidesItsWork: true,
      ...(this.#options.restrainingArgs === undefined && { alwaysActs: true }),
    }
  }

  /** Ready when the program can be started; what else it needs shows in the first turn. */
  async readiness(): Promise<Readiness> {
    try {
      await this.#clean()
      this.#file()
      return { isReady: true }
    } catch (error) {
      return notReady(error)
    }
  }

  async openThread(options: ThreadOptions): Promise<ThreadRef> {
    if (options.tools.length > 0) {
      throw new ProxyError("invalid_request", "This agent cannot call functions of the client.", {
        param: "tools",
      })
    }
    if (options.reach !== undefined && this.#options.restrainingArgs === undefined)
      throw cannotBeHeld(path.basename(this.#options.executable))
    return this.#threads.open(options).ref
  }

  async resumeThread(thread: ThreadRef): Promise<void> {
    await this.#threads.find(thread)
  }

  async forkThread(thread: ThreadRef, at: string): Promise<ThreadRef> {
    throw new ThreadLostError(`${this.kind} cannot branch thread ${thread} at turn ${at}`)
  }

  async closeThread(thread: ThreadRef): Promise<void> {
    this.#threads.close(thread)
  }

  async deleteThread(thread: ThreadRef): Promise<void> {
    await this.#turns.get(thread)?.settled
    await this.#threads.delete(thread)
  }

  startTurn(thread: ThreadRef, input: TurnInput): Turn {
    const turn = new ExecTurn(defaultTimeouts, this.#options.log)
    const previous = this.#turns.get(thread)
    if (previous?.isOver === false) {
      const message = `A turn of thread ${thread} runs already`
      turn.fail({ code: "backend_error", message, modelStatus: null })
      turn.settle()
      return turn
    }
    this.#turns.set(thread, turn)
    this.#living.add(turn)
    void this.#run(turn, thread, input).finally(() => {
      turn.settle()
      this.#living.delete(turn)
      if (this.#turns.get(thread) === turn) this.#turns.delete(thread)
    })
    return turn
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#living].map((turn) => turn.stop()))
  }

  async #run(turn: ExecTurn, ref: ThreadRef, input: TurnInput): Promise<void> {
    const { args, cwd, env, executable, maxAnswerLength = defaultMaxAnswerLength } = this.#options
    try {
      await this.#clean()
      refuseUnserved(input)
      const thread = await this.#threads.find(ref)
      const prompt = renderPrompt({
        instructions: thread.instructions,
        history: thread.history ?? [],
        messages: input.messages,
        maxBytes: promptRoom(args),
      })
      const file = this.#file()
      const more = thread.limits.reach !== undefined ? (this.#options.restrainingArgs ?? []) : []
      const command = { ...commandLine([...args, ...more], prompt) }
      if (turn.isOver) return
      const program = path.basename(executable)
      await turn.run({
        file,
        cwd,
        env,
        command,
        functions: null,
        running: this.#running,
        program,
        printsJson: false,
        maxAnswerLength,
        createReader: (push, onOverflow) =>
          new LineReader({ program, push, maxLength: maxAnswerLength, onOverflow }),
        onThreadId: () => {},
        onRecorded: () => {},
        onCompleted: async (total) => total,
        onFailed: async () => {},
      })
      this.#threads.remember(thread, { input: input.messages, output: turn.items, native: null })
    } catch (error) {
      turn.fail(turnErrorOfThrown(error))
    }
  }

  /** Once, before anything of ours runs: what a killed service left in this workspace is ended. */
  #clean(): Promise<void> {
    this.#cleaning ??= endLeftBehind(this.#options.cwd, this.#options.log)
    return this.#cleaning
  }

  #file(): string {
    if (this.#isStopped) throw stopping()
    return startableProgram(this.#options, this.#options.installStep)
  }
}

/** What the program has no way to be told must not be left out in silence. */
function refuseUnserved(input: TurnInput): void {
  if (input.messages.some(({ content }) => content.some((part) => part.type === "image"))) {
    throw new ProxyError("invalid_request", "This agent's program takes no images.", { param: "input" })
  }
  if (input.outputSchema !== null) {
    throw new ProxyError("invalid_request", "This agent's program takes no schema of its answer.", {
      param: "text.format",
    })
  }
}

const placeholder = "{prompt}"

interface CommandLine {
  readonly args: readonly string[]
  /** Null: nothing, `/dev/null`. */
  readonly stdin: string | null
}

/** True when the prompt has a place among the arguments; it goes to stdin otherwise. */
function isArgument(args: readonly string[]): boolean {
  return args.some((arg) => arg.includes(placeholder))
}

/** How long a prompt may be, in bytes. */
function promptRoom(args: readonly string[]): number {
  return isArgument(args) ? maxArgumentBytes : maxStdinBytes
}

/** The arguments with the prompt at its place, or on stdin. Throws `ProxyError` where it is too long for an argument. */
function commandLine(args: readonly string[], prompt: string): CommandLine {
  if (!isArgument(args)) return { args, stdin: prompt }
  if (prompt.includes("\0") || bytesOf(prompt) > maxArgumentBytes) {
    throw new ProxyError(
      "invalid_request",
      `This agent's program gets its prompt as an argument, which holds ${maxArgumentBytes} bytes and no NUL; this one has ${bytesOf(prompt)} bytes.`,
      { param: "input" },
    )
  }
  return { args: args.map((arg) => arg.replaceAll(placeholder, () => prompt)), stdin: null }
}
