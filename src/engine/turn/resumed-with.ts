import type { TurnEvent } from "../../domain/turn-events.ts"

/** The events of a turn from a read on that is under way. */
export async function* resumedWith(
  reading: Promise<IteratorResult<readonly TurnEvent[]>>,
  events: AsyncIterator<readonly TurnEvent[]>,
): AsyncGenerator<readonly TurnEvent[]> {
  for (let next = await reading; next.done !== true; next = await events.next()) yield next.value
}
