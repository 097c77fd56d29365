import { textOf } from "../domain/items.ts"
import type { Store } from "../domain/store.ts"
import { isAkin } from "./akin.ts"
import type { Fit } from "./fit.ts"

export interface TrustQuestion {
  readonly store: Pick<Store, "findTurn">
  /** The client's own name of the conversation. */
  readonly sessionKey: string | null
  /** What the client's messages say in the exchange with this index. */
  readonly messagesOf: (index: number) => string
}

/** Turns before the answer whose messages are looked at: that of a tool loop, or one that was asked for in other words. */
const maxTurns = 16

/**
 * True: more than an answer speaks for it. Two chats may well have one answer in common ("Done, pushed to main."), and one must
 * never read the other's: then a message has to be the same, or where only one exchange fits, akin to one of that chat. Where
 * the client calls the two conversations differently, only the same message will do: that is a copy of a chat.
 */
export async function isTrusted(fit: Fit, question: TrustQuestion): Promise<boolean> {
  if (fit.isOfSession || fit.isAsked) return true
  const { sessionKey, store, messagesOf } = question
  if (sessionKey !== null && fit.place.sessionKey !== null) return false
  if (fit.run > 1) return true
  const sent = messagesOf(fit.length - 1)
  for (const { id } of fit.turns.slice(-maxTurns).toReversed()) {
    const input = (await store.findTurn(id))?.input ?? []
    const asked = input.flatMap((item) => (item.type === "message" ? [textOf(item.content)] : []))
    if (isAkin(asked.join("\n"), sent)) return true
  }
  return false
}
