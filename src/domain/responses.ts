import type { TurnError } from "./errors.ts"
import { type Item, textOf } from "./items.ts"
import type { Usage } from "./usage.ts"

/** In this order, with one of the last four. The wire calls running `in_progress`. */
export const responseStatuses = [
  "queued",
  "running",
  "completed",
  "failed",
  "incomplete",
  "cancelled",
] as const
export type ResponseStatus = (typeof responseStatuses)[number]

/** Which API asked: decides the id's prefix and how it is read back. */
export const responseKinds = ["response", "chat"] as const
export type ResponseKind = (typeof responseKinds)[number]

/** One answer of an agent, whoever asked for it and however. Times in milliseconds since 1970. */
export interface ResponseRecord {
  /** `resp_...` or `chatcmpl-...`. */
  readonly id: string
  readonly kind: ResponseKind
  readonly principal: string
  /** The agent's id; the wire's `model`. */
  readonly agentId: string
  readonly previousResponseId: string | null
  /** False: never retrievable; nothing of it stays. */
  readonly isStored: boolean
  /** True: nobody waits for it; it goes on without its client, and can be cancelled by its id. */
  readonly isBackground: boolean
  /** What the answer repeats of the request, in wire form; for `protocol/` only. */
  readonly echo: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly status: ResponseStatus
  readonly completedAt: number | null
  readonly error: TurnError | null
  readonly usage: Usage | null
  /** Items made by the agent so far, in order. */
  readonly output: readonly Item[]
}

export function isFinished(status: ResponseStatus): boolean {
  return status !== "queued" && status !== "running"
}

/** It ended before its agent was done: clients drop its answer, or have less of it. */
export function hasFailed(status: ResponseStatus): boolean {
  return status === "failed" || status === "cancelled"
}

/** It had worked to its end and answered, though not as asked; that is kept from the client. */
const answered: ReadonlySet<string> = new Set(["answer_format_mismatch", "function_not_called"])

/**
 * True where a turn that failed has left something behind: a command, an edit, a call of any tool
 * or function, or words of the agent. Then the same request would do it again. Thoughts are
 * nothing. Where nobody can tell, it has.
 */
export function hasActed({ error, output }: Pick<ResponseRecord, "error" | "output">): boolean {
  if (error !== null && (error.mayHaveActed === true || answered.has(error.code))) return true
  return output.some(isAct)
}

function isAct(item: Item): boolean {
  const isSaid = item.type === "message" && item.role === "assistant" && textOf(item.content) !== ""
  return isDeed(item) || item.type === "function_call" || isSaid
}

const deeds: ReadonlySet<Item["type"]> = new Set(["command", "file_change", "tool_call", "web_search"])

/** True for what the agent did by itself, with tools of its own. */
export function isDeed(item: Item): boolean {
  return deeds.has(item.type)
}
