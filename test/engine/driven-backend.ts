import { EventBatches } from "../../src/backends/kit/turn/event-batches.ts"
import type { Backend, ThreadOptions, Turn, TurnInput } from "../../src/domain/backend.ts"
import type { Item, MessageItem } from "../../src/domain/items.ts"
import type { TurnEvent } from "../../src/domain/turn-events.ts"

/** A turn whose agent says what the test says, batch by batch. */
export class DrivenTurn implements Turn {
  readonly usage = null
  readonly #batches = new EventBatches<TurnEvent>()
  #hasTold = false
  isInterrupted = false

  get events(): AsyncIterable<readonly TurnEvent[]> {
    return this.#batches
  }

  tell(...events: readonly TurnEvent[]): void {
    this.#hasTold = true
    for (const event of events) this.#batches.push(event)
  }

  /** With a word of the agent's, where the test has told none. */
  complete(): void {
    if (!this.#hasTold) this.#batches.push({ type: "item.completed", item: messageItem("done", "Done.") })
    this.#batches.close({ type: "turn.completed", usage: null })
  }

  async answer(): Promise<void> {}

  async interrupt(): Promise<void> {
    this.isInterrupted = true
    this.#batches.close({ type: "turn.interrupted", usage: null })
  }
}

/** A backend of such turns, in the order in which they began. */
export class DrivenBackend implements Backend {
  readonly changesTools = true
  readonly kind = "driven"
  readonly turns: DrivenTurn[] = []
  /** What each turn was given. */
  readonly asked: (readonly MessageItem[])[] = []
  /** What each turn could tell its model again. */
  readonly standing: NonNullable<TurnInput["standing"]>[] = []
  readonly resumed: ThreadOptions[] = []
  /** What each new thread was told. */
  readonly opened: ThreadOptions[] = []
  lastSession?: NonNullable<Backend["lastSession"]>
  readonly deletedThreads: string[] = []

  async capabilities() {
    return {
      program: "driven",
      version: null,
      streamsDeltas: true,
      acceptsImages: true,
      hasOutputSchema: false,
      hasFunctions: true,
      hasFork: false,
      efforts: [],
    }
  }

  async readiness() {
    return { isReady: true } as const
  }

  async openThread(options: ThreadOptions): Promise<string> {
    this.opened.push(options)
    return `native ${this.opened.length}`
  }

  async forkThread(_thread: string, _at: string, options: ThreadOptions): Promise<string> {
    return this.openThread(options)
  }

  async resumeThread(_thread: string, options: ThreadOptions): Promise<void> {
    this.resumed.push(options)
  }

  async closeThread(): Promise<void> {}

  async deleteThread(thread: string): Promise<void> {
    this.deletedThreads.push(thread)
  }

  async stop(): Promise<void> {}

  startTurn(_: string, { messages, standing }: TurnInput): DrivenTurn {
    const turn = new DrivenTurn()
    this.standing.push(standing ?? (async () => []))
    this.asked.push(messages)
    this.turns.push(turn)
    return turn
  }
}

export function messageItem(id: string, text: string): Item {
  return {
    type: "message",
    id,
    role: "assistant",
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}

export function commandItem(id: string, output: string): Item {
  return { type: "command", id, command: "ls", cwd: null, output, exitCode: 0, status: "completed" }
}

export function textDelta(itemId: string, text: string): TurnEvent {
  return { type: "item.delta", itemId, channel: "text", index: 0, text }
}
