import type { Capabilities } from "../../domain/agents.ts"
import type { TurnInput } from "../../domain/backend.ts"
import type { MessageItem } from "../../domain/items.ts"
import type { ItemEvent } from "../../domain/turn-events.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"
import { AnswerFormat } from "./answer-format.ts"
import { AnswerLimiter, type Cut } from "./answer-limits.ts"

/**
 * All that a client says about the text of the answer, between the backend's events and the
 * recorder: first its limits, then its form. Made for each response; most have neither, and their
 * events pass as they are.
 */
export class AnswerRules {
  readonly format: AnswerFormat | null
  readonly #limiter: AnswerLimiter | null

  private constructor(format: AnswerFormat | null, limiter: AnswerLimiter | null) {
    this.format = format
    this.#limiter = limiter
  }

  /** Rejects with `invalid_request` when the schema of the answer is none. */
  static async create({ outputSchema, answerLimits }: TurnRequest): Promise<AnswerRules> {
    const format = outputSchema === null ? null : await AnswerFormat.create(outputSchema, "outputSchema")
    return new AnswerRules(format, AnswerLimiter.for(answerLimits))
  }

  /** Nothing of what was said is the answer, and nothing of it was shown. */
  beginAgain(): void {
    this.#limiter?.beginAgain()
  }

  get cut(): Cut | null {
    return this.#limiter?.cut ?? null
  }

  /** The client's. */
  get stopTexts(): readonly string[] {
    return this.#limiter?.stopTexts ?? []
  }

  /** UTF-16 units that were taken in and not recorded yet. */
  get heldCharacters(): number {
    return this.format?.heldCharacters ?? 0
  }

  /** `outputSchema`: what its model is held to; a turn may have begun for another response. */
  beginTurn(outputSchema: TurnInput["outputSchema"]): void {
    if (this.format === null) return
    this.format.beginTurn(JSON.stringify(outputSchema) === JSON.stringify(this.format.schema))
  }

  /** What to tell an agent at the start of its answer. */
  instructions(capabilities: Capabilities | null): readonly MessageItem[] {
    if (this.format === null || this.format.nativeSchema(capabilities) !== null) return []
    return [this.format.instruction()]
  }

  take(event: ItemEvent): readonly ItemEvent[] {
    const limited = this.#limiter === null ? [event] : this.#limiter.take(event)
    const { format } = this
    return format === null ? limited : limited.flatMap((one) => format.take(one))
  }
}
