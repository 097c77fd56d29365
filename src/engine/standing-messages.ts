import type { Item, MessageItem } from "../domain/items.ts"
import { textOf } from "../domain/items.ts"
import type { Store } from "../domain/store.ts"
import type { Plan } from "./plan.ts"

/** A turn, by where it comes from. */
export interface StandingOf {
  readonly plan: Pick<Plan, "parentTurnId" | "clientHistory">
  readonly store: Pick<Store, "lineage">
}

/**
 * What developers have said in a conversation beside its instructions, oldest first. `now` is told with the turn. Clients that
 * say the same with each message have said it once, where they did so last.
 */
export async function standingMessages(
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
