import path from "node:path"
import type { Capabilities } from "../../domain/agents.ts"
import type { Backend, ThreadOptions, ThreadRef } from "../../domain/backend.ts"
import { cannotBeHeld, cannotCallFunctions, ProxyError } from "../../domain/errors.ts"
import { PerTurnBackend, type TurnToRun } from "../kit/per-turn/backend.ts"
import type { PerTurnOptions } from "../kit/per-turn/options.ts"
import { defaultMaxAnswerLength } from "../kit/per-turn/text-reader.ts"
import type { ProcessTurn } from "../kit/per-turn/turn.ts"
import {
  bytesOf,
  type CommandLine,
  maxArgumentBytes,
  maxStdinBytes,
  refuseUnserved,
  renderPrompt,
} from "../kit/turn/input.ts"
import { LineReader } from "./reader.ts"

interface CommandBackendOptions extends PerTurnOptions {
  /** Names the backend. */
  readonly kind: string
  /** Its arguments; `{prompt}` in one stands for the prompt, which goes to stdin otherwise. */
  readonly args: readonly string[]
  /** More of them for a thread that changes nothing. Absent: nothing keeps it from acting. */
  readonly restrainingArgs?: readonly string[]
  readonly installStep: string
}

/**
 * An agent on any program: prompt in, answer out, a process for each turn. It remembers nothing by
 * itself, so each prompt tells the conversation before it.
 */
export class CommandBackend extends PerTurnBackend implements Backend {
  readonly kind: string
  readonly changesTools = false
  readonly #options: CommandBackendOptions
  /** Of the program, in messages. */
  readonly #name: string

  constructor(options: CommandBackendOptions) {
    super(options, options.installStep)
    this.kind = options.kind
    this.#options = options
    this.#name = path.basename(options.executable)
  }

  async capabilities(): Promise<Capabilities> {
    return {
      program: this.#name,
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

  async openThread(options: ThreadOptions): Promise<ThreadRef> {
    if (options.tools.length > 0) throw cannotCallFunctions()
    if (options.reach !== undefined && this.#options.restrainingArgs === undefined)
      throw cannotBeHeld(this.#name)
    return this.threads.open(options).ref
  }

  async resumeThread(thread: ThreadRef): Promise<void> {
    await this.threads.find(thread)
  }

  protected async run(turn: ProcessTurn, { thread: ref, input }: TurnToRun): Promise<void> {
    const { args, cwd, env, restrainingArgs = [] } = this.#options
    refuseUnserved(input, { acceptsImages: false, hasOutputSchema: false })
    const thread = await this.threads.find(ref)
    const prompt = renderPrompt({
      instructions: thread.instructions,
      history: thread.history ?? [],
      messages: input.messages,
      maxBytes: isArgument(args) ? maxArgumentBytes : maxStdinBytes,
    })
    const file = this.file()
    const more = thread.reach !== null ? restrainingArgs : []
    const command = commandLine([...args, ...more], prompt)
    if (turn.isOver) return
    const reader = { program: this.#name, maxLength: defaultMaxAnswerLength }
    await turn.run({
      call: { file, args: command.args, cwd, env },
      stdin: command.stdin,
      functions: null,
      isSilent: true,
      createReader: ({ push, giveUp }) => new LineReader({ ...reader, push, onOverflow: giveUp }),
    })
    this.threads.remember(thread, { input: input.messages, output: turn.items, native: null })
  }
}

const placeholder = "{prompt}"

/** True when the prompt has a place among the arguments; it goes to stdin otherwise. */
function isArgument(args: readonly string[]): boolean {
  return args.some((arg) => arg.includes(placeholder))
}

/** With the prompt at its place, or on stdin. Throws `ProxyError` where it is too long. */
function commandLine(args: readonly string[], prompt: string): CommandLine {
  if (!isArgument(args)) return { args, stdin: prompt }
  if (prompt.includes("\0") || bytesOf(prompt) > maxArgumentBytes) {
    throw new ProxyError(
      "invalid_request",
      `This agent's program gets its prompt as an argument, which holds ${maxArgumentBytes} bytes and no NUL; this one has ${bytesOf(prompt)} bytes.`,
    )
  }
  return { args: args.map((arg) => arg.replaceAll(placeholder, () => prompt)), stdin: null }
}
