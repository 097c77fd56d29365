import { randomUUID } from "node:crypto"
import type { TurnError } from "../../domain/errors.ts"
import type { ContentPart } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { TurnEvent } from "../../domain/turn-events.ts"
import type { Usage } from "../../domain/usage.ts"
import { backendError, CliTurn } from "../kit/turn/cli-turn.ts"
import { imageData, imageUrls, type PromptParts, renderPrompt } from "../kit/turn/input.ts"
import { cutOf } from "../kit/turn/model-failure.ts"
import type { AcpCli } from "./clis.ts"
import { acpReasons, isSessionLost, modelError, type Trouble, turnErrorOfPrompt } from "./errors.ts"
import { isClientTool } from "./items.ts"
import type { AcpProgram } from "./program.ts"
import type { PromptResult, SessionUpdate } from "./protocol.ts"
import { AcpTurnReader, isNothing, usageInSession, usageOfPrompt } from "./reader.ts"
import type { AcpSession } from "./threads.ts"

interface AcpTurnOptions {
  readonly cli: AcpCli
  readonly cwd: string
  readonly interruptMs: number
  readonly log: Log
  /** `last` is out. `isStuck`: the program still runs the prompt, as far as we know. */
  readonly onEnded: (turn: AcpTurn, last: TurnEvent, isStuck: boolean) => void
}

/** One prompt of one session, from its beginning to its last event. */
export class AcpTurn extends CliTurn {
  readonly ref = `acp_turn_${randomUUID()}`
  readonly #options: AcpTurnOptions
  readonly #reader: AcpTurnReader
  #connection: AcpProgram | null = null
  #session: AcpSession | null = null
  #usage: Usage | null = null

  constructor(options: AcpTurnOptions) {
    super()
    this.#options = options
    const { cli, cwd } = options
    this.#reader = new AcpTurnReader({
      push: (event) => this.push(event),
      server: cli.kind,
      cwd,
      isClientCall: (tool) => isClientTool(tool, this.#session?.channel?.handed.nativeNames ?? []),
      holdsErrors: cli.saysErrors,
      takesInfos: cli.saysInfos === true,
    })
  }

  get process(): AcpProgram | null {
    return this.#connection
  }

  /** Known at the end only. */
  get usage(): Usage | null {
    return this.#usage
  }

  /** The prompt is about to be sent: what the session tells from now on is ours. */
  begin(connection: AcpProgram, session: AcpSession): void {
    this.#connection = connection
    this.#session = session
    session.channel?.beginTurn((event) => this.#reader.tell(event))
    this.tellStarted(this.ref)
  }

  /** Before `begin` it is about something else: gemini tells a change of its mode as a message. */
  updated(update: SessionUpdate): void {
    if (!this.isOver && this.#session !== null) this.#reader.read(update)
  }

  /** The program says beside the protocol that it cannot go on for now. */
  troubled({ message, reason }: Trouble): void {
    if (this.isOver || this.#session === null) return
    const error = modelError(reason, null, this.#options.cli)
    this.#reader.askedAgain()
    this.push({ type: "notice", message, tells: "trouble", error })
  }

  /** The prompt was answered. */
  answered(result: PromptResult): void {
    const session = this.#session
    if (this.isOver || session === null) return
    const { cli } = this.#options
    const told = usageOfPrompt(result) ?? (cli.usageIsTotal ? null : this.#reader.usage)
    const usage = cli.usageIsTotal ? usageInSession(session.total, told) : told
    if (cli.usageIsTotal) session.total = told ?? session.total
    this.#usage = usage
    const error = this.#errorOf(result, usage)
    const cut = cutOf(acpReasons, result.stopReason)
    if (this.isInterrupting) this.endStopped()
    else if (error === null) this.complete(usage, cut)
    else this.end({ type: "turn.failed", error, usage })
  }

  /** The prompt was refused, or never sent. */
  rejected(error: unknown): void {
    const told = turnErrorOfPrompt(error, this.#options.cli)
    const isLost = !this.#reader.hasShown && isSessionLost(error)
    this.fail(isLost ? { ...told, code: "thread_lost" } : told)
  }

  async answer(callId: string, output: readonly ContentPart[]): Promise<void> {
    const channel = this.#session?.channel
    if (channel == null) throw this.noSuchCall(callId)
    channel.answer(callId, output)
  }

  async interrupt(): Promise<void> {
    if (!this.stopFor("interrupted")) return
    this.graceFor(this.#options.interruptMs, () => {
      this.#options.log("warn", `${this.#options.cli.kind} did not end an interrupted turn in time`)
      this.endStopped(true)
    })
    this.cancel()
    this.#session?.channel?.endTurn()
  }

  /** Tells the program. Before `begin` nothing was sent, and who sends looks at the turn first. */
  cancel(): void {
    if (!this.isOver) this.#connection?.rpc.notify("session/cancel", { sessionId: this.#session?.id })
  }

  /** An end that is none: programs tell errors of the model as an answer, or say nothing at all. */
  #errorOf({ stopReason }: PromptResult, usage: Usage | null): TurnError | null {
    const { cli } = this.#options
    const held = this.#reader.heldText
    if (held !== null && isNothing(usage)) return modelError(held, null, cli)
    if (stopReason === "cancelled") return backendError(`${cli.kind} cancelled the turn by itself`)
    if (stopReason === "max_turn_requests") {
      return backendError(
        `${cli.kind} stopped: ${cli.requestLimitWords ?? "its limit of model requests in one turn is reached"}`,
      )
    }
    if (this.#reader.hasShown || !isNothing(usage) || cutOf(acpReasons, stopReason) !== null) return null
    return modelError(`${cli.kind} ended the turn without an answer and without a reason`, null, cli)
  }

  protected override finish(last: TurnEvent): undefined {
    this.#session?.channel?.endTurn()
    this.#reader.finish(last.type === "turn.failed")
    // One that failed before it showed anything may not be in the session: it is told again.
    if (this.#session !== null && (last.type === "turn.completed" || this.#reader.hasShown)) {
      this.#session.preamble = null
    }
  }

  protected override afterEnd(last: TurnEvent, isStuck: boolean): void {
    this.#options.onEnded(this, last, isStuck)
  }
}

/** As much as a seeded history may take of the model's context, in bytes. */
const maxHistoryBytes = 1_000_000

type Block = Readonly<Record<string, unknown>>

/**
 * Stands before a text that the program would take for a command of its own: those look at the
 * beginning of a prompt only. It is marked as not being for the model, which opencode minds; to
 * other programs it is a part of the prompt.
 */
const frame: Block = {
  type: "text",
  text: "The user's message:\n\n",
  annotations: { audience: ["user"] },
}

/** How commands begin, behind blanks: with a slash; gemini has `$`, qwen `?` as well. */
const commandStart = /^\s*[/$?]/

/** The content blocks of a prompt: one text, then the images in their order. */
export function promptBlocks(source: Omit<PromptParts, "maxBytes">): Block[] {
  const text = renderPrompt({ ...source, maxBytes: maxHistoryBytes })
  const images = imageUrls(source.messages).map(imageBlock)
  if (text === "" && images.length > 0) return images
  return [...(commandStart.test(text) ? [frame] : []), { type: "text", text }, ...images]
}

function imageBlock(url: string): Block {
  const { mediaType: mimeType, base64: data } = imageData(url)
  return { type: "image", mimeType, data }
}
