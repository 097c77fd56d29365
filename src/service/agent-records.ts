import { messageOf } from "../domain/errors.ts"
import type { Log } from "../domain/log.ts"
import { escapeControls } from "../domain/visible-controls.ts"
import type { FinishedTurn } from "../engine/engine.ts"
import { GatheredWrites, RotatedFile } from "../workspace/agent/gathered-writes.ts"
import { addNoteLines, type NoteLine, noteLine } from "../workspace/agent/notes.ts"
import { readExcerpt } from "../workspace/agent/read-excerpt.ts"

const maxLogBytes = 5 * 1024 * 1024
const turnsPath = "logs/turns.jsonl"
/** More than a line of it has. */
const maxLineBytes = 4_096
/** Of one agent, as long as the service runs: the notes of different days have different names. */
const maxComplaints = 20

/** What is written into an agent's folder: logs, and a line a turn in the note of the day. */
export class AgentRecords {
  readonly #workspace: string
  readonly #log: Log
  readonly #turns: RotatedFile
  readonly #backend: RotatedFile
  readonly #notes: GatheredWrites<NoteLine>
  readonly #complaints = new Set<string>()

  constructor(workspace: string, log: Log) {
    this.#workspace = workspace
    this.#log = log
    const onError = (error: unknown): void => this.#complain(error)
    this.#notes = new GatheredWrites(
      (lines) => addNoteLines(workspace, lines).catch(onError),
      ({ text }) => Buffer.byteLength(text),
    )
    this.#turns = new RotatedFile({ root: workspace, path: turnsPath }, maxLogBytes, onError)
    this.#backend = new RotatedFile({ root: workspace, path: "logs/backend.log" }, maxLogBytes, onError)
  }

  /** When the last turn ended that its log tells of; null: it tells of none, or cannot be read. */
  async lastTurnAt(): Promise<number | null> {
    const own = { root: this.#workspace, path: turnsPath }
    try {
      const excerpt = await readExcerpt(own, maxLineBytes, "end")
      const last = /"at":"([^"]+)"/.exec(excerpt?.text.trim().split("\n").at(-1) ?? "")
      const time = Date.parse(last?.[1] ?? "")
      return Number.isNaN(time) ? null : time
    } catch {
      // Whatever is wrong with it is told when it is written.
      return null
    }
  }

  /** What its CLI does and says outside of turns. No prompts, no answers. */
  backend(level: string, message: string, fields: object | undefined, time: Date): void {
    const details = fields === undefined ? "" : ` ${JSON.stringify(fields)}`
    const words = message.replaceAll(/\p{Cc}+/gu, " ")
    this.#backend.add(escapeControls(`${time.toISOString()} ${level} ${words}${details}`))
  }

  turn(turn: FinishedTurn, time: Date): void {
    const { record, threadId, conversationId } = turn
    const { usage } = record
    const line = {
      at: time.toISOString(),
      response: record.id,
      principal: record.principal,
      conversation: conversationId,
      thread: threadId,
      status: record.status,
      error: record.error?.code ?? null,
      duration_ms: time.getTime() - record.createdAt,
      usage: usage === null ? null : { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens },
    }
    this.#turns.add(JSON.stringify(line))
    if (!turn.isKept) return
    const { asked, answered } = turn
    this.#notes.add(noteLine({ at: time, asked, answered, status: record.status }))
  }

  /** Resolves when all is written. */
  async settled(): Promise<void> {
    await Promise.all([this.#notes.settled(), this.#turns.settled(), this.#backend.settled()])
  }

  /** Once each: a full disk has many lines. */
  #complain(error: unknown): void {
    const problem = messageOf(error)
    if (this.#complaints.has(problem) || this.#complaints.size >= maxComplaints) return
    this.#complaints.add(problem)
    this.#log("warn", "an agent's logs and notes cannot be written", {
      workspace: this.#workspace,
      error: problem,
    })
  }
}
