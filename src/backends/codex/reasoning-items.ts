import { z } from "zod"
import type { ReasoningItem } from "../../domain/items.ts"
import type { ReasoningKind } from "../../domain/response-events.ts"
import type { NativeItem } from "./protocol.ts"

const schema = z.object({
  id: z.string(),
  summary: z.array(z.string()).default([]),
  content: z.array(z.string()).default([]),
})

/** An item of codex's may hold summaries and the reasoning itself; ours have one of the two, so that it becomes two. */
export class ReasoningItems {
  /** What was told first of each. */
  readonly #firsts = new Map<string, ReasoningKind>()

  /** Of the item that has such texts of codex's item. */
  idFor(id: string, kind: ReasoningKind): string {
    const first = this.#firsts.get(id) ?? kind
    this.#firsts.set(id, first)
    return first === kind ? id : `${id} ${kind}`
  }

  /** What is there once codex's item is completed. Throws a `ZodError` when that has another form. */
  completed(native: NativeItem): readonly ReasoningItem[] {
    const { id, summary, content } = schema.parse(native)
    const parts = [
      { kind: "summary", texts: summary },
      { kind: "reasoning", texts: content },
    ] as const
    const first =
      this.#firsts.get(id) ?? (summary.length === 0 && content.length > 0 ? "reasoning" : "summary")
    return parts
      .filter(({ kind, texts }) => kind === first || texts.length > 0)
      .map(({ kind, texts }) => ({
        type: "reasoning",
        id: this.idFor(id, kind),
        ...(kind === "reasoning" && { isRaw: true }),
        summary: texts,
        status: "completed",
      }))
  }
}
