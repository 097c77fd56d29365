import { type JsonObject, stringOf } from "../../model-server/wire.ts"
import { CompletionFacts } from "./completion-facts.ts"
import { differences, ResponseFacts } from "./response-facts.ts"

const endFault = /^the (?:response|completion) differs/

/** Everything that clients have read in a run, and everything that did not stay so. */
export class Recorder {
  readonly responses = new Map<string, ResponseFacts>()
  readonly completions = new Map<string, CompletionFacts>()
  readonly conversations = new Map<string, readonly JsonObject[]>()
  /** Responses of which a client was told that they are deleted. */
  readonly deleted = new Set<string>()
  readonly #lost = new Set<string>()
  readonly #changed = new Map<string, string[]>()

  /** How many ids were known and then not. */
  get lost(): number {
    return this.#lost.size
  }

  /** How many ids of which something differs from what was read before. */
  get changed(): number {
    return this.#changed.size
  }

  /** How many of them were told another end than the one that they have. */
  get changedEnds(): number {
    return [...this.#changed.values()].filter((faults) => faults.some((fault) => endFault.test(fault))).length
  }

  /** In words, one line for each id. */
  get faults(): readonly string[] {
    return [
      ...[...this.#lost].map((id) => `${id}: lost, the service does not know it any more`),
      ...[...this.#changed].map(([id, [first = "", ...more]]) => {
        return `${id}: ${first}${more.length === 0 ? "" : ` (and ${more.length} more of it)`}`
      }),
    ]
  }

  readResponse(resource: JsonObject): void {
    const id = stringOf(resource.id)
    this.#note(id, this.#response(id).readResource(resource))
  }

  readEvent(id: string, event: JsonObject): void {
    this.#note(id, this.#response(id).readEvent(event))
  }

  readReplay(id: string, events: readonly JsonObject[]): void {
    this.#note(id, this.#response(id).readReplay(events))
  }

  readRest(id: string, after: number, events: readonly JsonObject[]): void {
    this.#note(id, this.#response(id).readRest(after, events))
  }

  /** A whole completion or, of a stream, a chunk of it. */
  readCompletion(completion: JsonObject): void {
    const id = stringOf(completion.id)
    const facts = this.completions.get(id) ?? new CompletionFacts()
    this.completions.set(id, facts)
    const isChunk = completion.object === "chat.completion.chunk"
    this.#note(id, isChunk ? facts.readChunk(completion) : facts.readWhole(completion))
  }

  /** All items of a conversation, oldest first: those that were read before come first, and are the same. */
  readItems(id: string, items: readonly JsonObject[]): void {
    const before = this.conversations.get(id) ?? []
    this.#note(
      id,
      before.flatMap((item, index) =>
        differences(`item number ${index} of the list`, item, items[index] ?? {}),
      ),
    )
    this.conversations.set(id, items)
  }

  /** Items that are in a list from now on: those of a turn whose end was told. */
  expectItems(id: string, items: readonly JsonObject[], expected: readonly string[]): void {
    const found = new Set(items.map((item) => stringOf(item.id)))
    const missing = expected.filter((itemId) => !found.has(itemId))
    this.#note(
      id,
      missing.map((itemId) => `item ${itemId} of a finished turn is not in the list`),
    )
  }

  /** The service says that it knows none of this id. */
  readUnknown(id: string): void {
    this.#lost.add(id)
  }

  /** What was deleted can be read again. */
  readUndeleted(id: string): void {
    this.#note(id, ["it was deleted, and is there again"])
  }

  #response(id: string): ResponseFacts {
    const facts = this.responses.get(id) ?? new ResponseFacts()
    this.responses.set(id, facts)
    return facts
  }

  #note(id: string, faults: readonly string[]): void {
    if (faults.length > 0) this.#changed.set(id, [...(this.#changed.get(id) ?? []), ...faults])
  }
}
