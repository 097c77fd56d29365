import type { Item } from "../../domain/items.ts"
import type { WireObject } from "../../protocol/common/shape.ts"
import { toWireItem } from "../../protocol/responses/wire-items.ts"

/** Answers of one socket that can be continued; the oldest is forgotten first. */
const maxKept = 16

/** Bounds what all sockets together remember. */
export class PastBudget {
  #freeBytes: number

  constructor(limitBytes: number) {
    this.#freeBytes = limitBytes
  }

  /** False: there is no room. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false
    this.#freeBytes -= bytes
    return true
  }

  give(bytes: number): void {
    this.#freeBytes += bytes
  }
}

interface Kept {
  /** The stored response that the conversation goes on from; null: it began here. */
  readonly storedId: string | null
  /** Input and output since then, in wire form. */
  readonly items: readonly unknown[]
  /** About as long as the items are as JSON. */
  readonly bytes: number
}

/** A body as its turn is run, and what of it is to be remembered. */
export interface ContinuedBody {
  readonly body: WireObject
  /** The unstored response of this socket that it continues; null: none. */
  readonly continuedId: string | null
  /** Size of what was put in front of the client's input. */
  readonly pastBytes: number
  /** Where each item of the input stands in what the client sent, for errors. */
  readonly inputPaths: readonly string[]
}

/**
 * What a socket remembers of its answers that are stored nowhere. They live in memory as long as
 * the socket, and a turn that continues one is run as if the client had resent all of it: there is
 * no second way to a conversation's past.
 */
export class SocketPast {
  readonly #kept = new Map<string, Kept>()
  readonly #limitBytes: number
  readonly #budget: PastBudget

  /** Of one conversation: what could not be sent again in one body is not remembered. */
  constructor(limitBytes: number, budget: PastBudget) {
    this.#limitBytes = limitBytes
    this.#budget = budget
  }

  /** Puts what `previous_response_id` names in front of the input, where that is one of ours. */
  continue(body: WireObject): ContinuedBody {
    const { previous_response_id: id, input, conversation } = body
    const own = inputItems(input)
    const ownPaths = own.map((_, index) => `input[${index}]`)
    const unchanged: ContinuedBody = { body, continuedId: null, pastBytes: 0, inputPaths: ownPaths }
    const kept = typeof id === "string" ? this.#kept.get(id) : undefined
    if (typeof id !== "string" || kept === undefined) return unchanged
    // The parser refuses both together.
    if (conversation !== undefined && conversation !== null) return unchanged
    const { previous_response_id: _, ...rest } = body
    return {
      body: {
        ...rest,
        ...(kept.storedId !== null && { previous_response_id: kept.storedId }),
        input: [...kept.items, ...own],
      },
      continuedId: id,
      pastBytes: kept.bytes,
      inputPaths: [...kept.items.map(() => "previous_response_id"), ...ownPaths],
    }
  }

  /** Remembers an unstored answer. `body` as it was run; `ownBytes`: of the client's message. */
  keep(
    id: string,
    { body, pastBytes }: ContinuedBody,
    answer: { readonly output: readonly Item[]; readonly serverLabel: string; readonly ownBytes: number },
  ): void {
    const output = answer.output.map((item) => toWireItem(item, answer.serverLabel))
    const bytes = pastBytes + answer.ownBytes + JSON.stringify(output).length
    if (bytes > this.#limitBytes) return
    while (this.#kept.size >= maxKept) this.#forgetOldest()
    while (!this.#budget.take(bytes)) if (!this.#forgetOldest()) return
    const { previous_response_id: storedId, input } = body
    this.#kept.set(id, {
      storedId: typeof storedId === "string" ? storedId : null,
      items: [...inputItems(input), ...output],
      bytes,
    })
  }

  clear(): void {
    while (this.#forgetOldest());
  }

  #forgetOldest(): boolean {
    for (const [id, { bytes }] of this.#kept) {
      this.#kept.delete(id)
      this.#budget.give(bytes)
      return true
    }
    return false
  }
}

function inputItems(input: unknown): readonly unknown[] {
  if (typeof input === "string") return [{ type: "message", role: "user", content: input }]
  return Array.isArray(input) ? input : []
}
