import type { RefusalName } from "./refusals.ts"
import type { StopReason, Usage } from "./script.ts"
import type { JsonObject } from "./wire.ts"

/** What the server does with one request. */
export type Answer =
  | { readonly type: "error"; readonly status: number; readonly message: string }
  /** Refused as the vendor of the wire does it. */
  | { readonly type: "refusal"; readonly name: RefusalName }
  /** Accept the request and never send even the headers. */
  | { readonly type: "hang" }
  | {
      readonly type: "stream"
      readonly parts: readonly AnswerPart[]
      readonly ending: Ending
      readonly usage: Usage
    }

export type AnswerPart =
  | {
      readonly type: "message"
      readonly deltas: Iterable<string>
      /** Pause between two deltas, in milliseconds; 0: as fast as possible. */
      readonly gapMs: number
      readonly phase: "commentary" | "final_answer" | null
    }
  /** `isRaw`: the reasoning itself, and no summary; the same on the wires that know no difference. */
  | { readonly type: "reasoning"; readonly text: string; readonly isRaw: boolean }
  /** A finished output item (a tool call). */
  | { readonly type: "item"; readonly item: JsonObject }

export type Ending =
  | { readonly type: "completed" }
  /** The model ends by itself, in another way than with a whole answer. */
  | { readonly type: "stopped"; readonly reason: StopReason }
  /** `response.failed` with this code. */
  | { readonly type: "failed"; readonly code: string }
  /** The connection is cut inside a message. */
  | { readonly type: "dropped" }
  /** The connection stays open and nothing more comes. */
  | { readonly type: "silent" }
