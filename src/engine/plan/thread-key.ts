import { hash } from "node:crypto"
import type { ThreadRecord } from "../../domain/store.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"

/** In what a request differs from the thread that it goes on from: the native thread was told something else. */
export interface ThreadChanges {
  readonly instructions: boolean
  /** Another order alone is none. */
  readonly tools: boolean
}

export const noChanges: ThreadChanges = { instructions: false, tools: false }

type Told = Pick<TurnRequest, "instructions" | "tools">

/** What a native thread was told at its beginning: together they are its key. Tools count in any order. */
export function threadKey(backend: string, { instructions, tools }: Told): string {
  const inOrder = tools.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return hash("sha256", JSON.stringify([backend, instructions, inOrder]), "hex")
}

export function changesOf({ backend, instructions, keyHash }: ThreadRecord, request: Told): ThreadChanges {
  return {
    instructions: instructions !== request.instructions,
    // The key has all three; the thread's own instructions and backend in it leave the tools.
    tools: keyHash !== threadKey(backend, { ...request, instructions }),
  }
}
