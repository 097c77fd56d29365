import type { ClientItem } from "./input-reference.ts"
import type { FunctionTool, Item } from "./items.ts"
import type { ResponseKind } from "./responses.ts"

/** Which of its functions the client lets the agent call in this answer, and whether it must. */
export interface FunctionChoice {
  /** Null: all of them. */
  readonly allowed: readonly string[] | null
  readonly isRequired: boolean
}

export const anyFunction: FunctionChoice = { allowed: null, isRequired: false }

/** The client's bounds on the text of the answer, held by the engine: agents know none. */
export interface AnswerLimits {
  /** The answer ends before the first of these. */
  readonly stopTexts: readonly string[]
  /** Null: as long as the agent likes. An estimate, see `engine/answer/answer-limits.ts`. */
  readonly maxTokens: number | null
}

/** A title, tags and the like, asked for beside a conversation: nothing is left of it. */
export interface SideRequest {
  /** `likely`: it looks like one, but somebody may have asked so himself. */
  readonly certainty: "certain" | "likely"
  /** By what it was told, in a few words for the log. */
  readonly sign: string
}

/** Of whichever endpoint. Made by `protocol/`, read by the engine. */
export interface TurnRequest {
  readonly kind: ResponseKind
  /** The `model` of the request: an agent's id, a bare name, or anything else (the manager). */
  readonly model: string
  /** System and developer text that stands before everything else; part of the thread's key. */
  readonly instructions: string | null
  /** All of the request's input, oldest first, resent history included. */
  readonly input: readonly Item[]
  readonly tools: readonly FunctionTool[]
  /** Where their parameters stand, for errors: `tools[2].function.parameters`. */
  readonly toolPaths?: readonly string[]
  readonly functionChoice: FunctionChoice
  /** False: the client gets one call at a time. */
  readonly allowsParallelCalls: boolean
  readonly previousResponseId: string | null
  /** The API's conversation that the turn goes to; never together with `previousResponseId`. */
  readonly conversationId: string | null
  /** Names a conversation of the client's own, from a header. */
  readonly sessionKey: string | null
  /** The header is of a front end that is known to send the whole history each time. */
  readonly resendsHistory: boolean
  readonly effort: string | null
  /** JSON Schema that the answer must satisfy; it is held, whatever the agent's backend can do. */
  readonly outputSchema: Readonly<Record<string, unknown>> | null
  readonly answerLimits: AnswerLimits
  /** Null: it is asked of the agent itself. */
  readonly sideRequest: SideRequest | null
  /** Where an agent asks: the ids of all that wait for the answer, the first one first. */
  readonly askedBy?: readonly string[]
  /** False only when the client said so: an ephemeral thread, nothing is left. */
  readonly keepsThread: boolean
  /** True: the answer can be retrieved by its id. */
  readonly isStored: boolean
  /** True: answered at once, and run whether anybody reads it or not. Needs `isStored`. */
  readonly isBackground: boolean
  /** Wire fields that the answer repeats. */
  readonly echo: Readonly<Record<string, unknown>>
}

/** As its client sent it: the engine resolves files and addresses in the input first. */
export type ClientRequest = Omit<TurnRequest, "input"> & {
  readonly input: readonly ClientItem[]
  /** Where the items stand, for errors (`messages[2]`); absent: item 2 is `input[2]`. */
  readonly inputPaths?: readonly string[]
}
