import type { Backend, ThreadOptions, ThreadRef, Turn, TurnInput } from "../../src/domain/backend.ts"
import { type ContentPart, type FunctionCallItem, type Item, textOf } from "../../src/domain/items.ts"
import { isFinal, type TurnEvent } from "../../src/domain/turn-events.ts"

/** Everything that one turn told. */
export interface RecordedTurn {
  readonly ref: string
  readonly events: readonly TurnEvent[]
  /** Completed items in order. */
  readonly items: readonly Item[]
  /** Text of the last message of the agent. */
  readonly answer: string
  /** Texts of its deltas, joined. */
  readonly streamed: string
  readonly native: readonly unknown[]
  readonly last: TurnEvent
}

export type OnEvent = (event: TurnEvent, turn: Turn) => void

export const noOptions: ThreadOptions = { instructions: null, tools: [], isEphemeral: false, history: [] }

export function inputOf(content: string | readonly ContentPart[], more: Partial<TurnInput> = {}): TurnInput {
  return { messages: [userMessage(content)], model: null, effort: null, outputSchema: null, ...more }
}

export function userMessage(content: string | readonly ContentPart[]) {
  const parts: readonly ContentPart[] =
    typeof content === "string" ? [{ type: "text", text: content }] : content
  return {
    type: "message",
    id: "msg_in",
    role: "user",
    content: parts,
    phase: null,
    status: "completed",
  } as const
}

export function assistantMessage(text: string) {
  return { ...userMessage(text), id: "msg_out", role: "assistant" } as const
}

/** Runs a turn to its end. `onEvent` may answer or interrupt it meanwhile. */
export async function runTurn(
  backend: Backend,
  thread: ThreadRef,
  input: TurnInput | string,
  onEvent?: OnEvent,
): Promise<RecordedTurn> {
  const turn = backend.startTurn(thread, typeof input === "string" ? inputOf(input) : input)
  const events: TurnEvent[] = []
  for await (const batch of turn.events) {
    for (const event of batch) {
      events.push(event)
      onEvent?.(event, turn)
    }
  }
  return recordedTurn(events)
}

function recordedTurn(events: readonly TurnEvent[]): RecordedTurn {
  const items = events.flatMap((event) => (event.type === "item.completed" ? [event.item] : []))
  const messages = items.filter((item) => item.type === "message")
  const started = events.find((event) => event.type === "turn.started")
  const last = events.at(-1)
  if (last === undefined || !isFinal(last)) throw new Error("the turn ended without a final event")
  if (events.filter(isFinal).length !== 1) throw new Error("the turn has several final events")
  return {
    ref: started?.turnRef ?? "",
    events,
    items,
    answer: textOf(messages.at(-1)?.content ?? []),
    streamed: events
      .map((event) => (event.type === "item.delta" && event.channel === "text" ? event.text : ""))
      .join(""),
    native: events.flatMap((event) => (event.type === "native.item" ? [event.item] : [])),
    last,
  }
}

/** Answers every call of the client's functions; the returned list fills with them. */
export function answering(answer: (call: FunctionCallItem) => string): {
  readonly calls: FunctionCallItem[]
  readonly onEvent: OnEvent
} {
  const calls: FunctionCallItem[] = []
  return {
    calls,
    onEvent: (event, turn) => {
      if (event.type !== "function.called") return
      calls.push(event.item)
      // A failure shows as a turn that never ends; the test's own deadline names it.
      turn.answer(event.item.callId, [{ type: "text", text: answer(event.item) }]).catch(() => {})
    },
  }
}
