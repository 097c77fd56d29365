import { type Item, type MessageItem, textOf } from "../../domain/items.ts"
import type { Store } from "../../domain/store.ts"
import type { Plan } from "../plan/plan.ts"
import { noteMessage } from "./change-note.ts"
import { type Change, noChange } from "./thread-change.ts"

/** What one run tells its native thread of what has changed, and what that knows of it afterwards. */
export class ToldChange {
  #change: Change = noChange
  #isTold = false
  #isForgotten = false

  set(change: Change): void {
    this.#change = change
  }

  /** To be told before the new messages, or with the outputs that a turn waits for; null: nothing. */
  get text(): string | null {
    return this.#change.text
  }

  /** `text` as messages. */
  get news(): readonly MessageItem[] {
    return this.text === null ? [] : [noteMessage(this.text)]
  }

  /** See `TurnInput`; what an earlier turn was told of changes is among it, as long as it holds. */
  async standingWith(turn: StandingOf, messages: readonly MessageItem[]): Promise<readonly MessageItem[]> {
    const { note, text } = this.#change
    const earlier = text !== null || note === null ? [] : [noteMessage(note)]
    return standingMessages(turn, [...earlier, ...messages])
  }

  /** The turn that was told has ended well. */
  wasTold(): void {
    if (this.text !== null) this.#isTold = true
  }

  /** The CLI has left out of its memory what it was told. */
  forgotten(): void {
    this.#isForgotten = true
  }

  /** The note that the thread knows now, see `NativeState`; undefined: what is stored of it is right. */
  get note(): string | null | undefined {
    if (this.#isForgotten) return this.#change.note === null ? undefined : ""
    return this.#isTold ? this.#change.note : undefined
  }
}

/** A turn, by where it comes from. */
interface StandingOf {
  readonly plan: Pick<Plan, "parentTurnId" | "clientHistory">
  readonly store: Pick<Store, "lineage">
}

/**
 * What developers have said in a conversation beside its instructions, oldest first. `now` is told with the turn. Clients that
 * say the same with each message have said it once, where they did so last.
 */
async function standingMessages(
  { plan, store }: StandingOf,
  now: readonly Item[],
): Promise<readonly MessageItem[]> {
  const { parentTurnId, clientHistory } = plan
  const past = parentTurnId === null ? [] : await store.lineage(parentTurnId)
  const said = [...past.flatMap(({ input }) => input), ...clientHistory, ...now].filter(isOfDeveloper)
  const texts = said.map(({ content }) => textOf(content))
  return said.filter((_, index) => texts.lastIndexOf(texts[index] ?? "") === index)
}

function isOfDeveloper(item: Item): item is MessageItem {
  return item.type === "message" && item.role === "developer"
}
