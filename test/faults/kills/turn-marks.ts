import { existsSync, readFileSync } from "node:fs"
import type { ModelServer } from "../../model-server/model-server.ts"
import { isPersonsMessage, messageText } from "../../model-server/request-readers.ts"
import type { RecordedRequest } from "../../model-server/wire.ts"
import type { Random } from "../support/random.ts"

/** Gives each turn a mark of its own, and counts how often the model and the machine saw a turn begin. */
export class TurnMarks {
  readonly #file: string
  readonly #random: Random
  readonly #begun = new Map<string, number>()
  #count = 0

  /** `file`: what the agents' commands write to. */
  constructor(file: string, random: Random) {
    this.#file = file
    this.#random = random
  }

  /** The input of a new turn; two of three run a command. */
  newInput(): string {
    const random = this.#random
    this.#count += 1
    const mark = `mark-${this.#count}.`
    const reason = random.chance(0.3) ? "[[reason:thinking]]" : ""
    const command = random.chance(0.66) ? `[[say:first ${mark}]][[shell:echo ${mark} >> ${this.#file}]]` : ""
    const end = random.pick([
      `[[say:end of ${mark}]]`,
      `[[slow:${random.integer(2, 8)}:${random.integer(5, 40)}]]`,
      `[[deltas:${random.integer(10, 200)}]]`,
    ])
    return `${mark} ${reason}${command}${end}`
  }

  /** Takes over what the model was asked since the last time. */
  collect(model: Pick<ModelServer, "requests" | "clearRequests">): void {
    for (const request of model.requests) {
      const mark = markThatBegins(request)
      if (mark !== null) this.#begun.set(mark, (this.#begun.get(mark) ?? 0) + 1)
    }
    model.clearRequests()
  }

  /** Marks that were seen twice, by the model or by the machine. */
  twice(): readonly string[] {
    const written = existsSync(this.#file) ? readFileSync(this.#file, "utf8").split("\n") : []
    const lines = Map.groupBy(
      written.filter((line) => line !== ""),
      (line) => line,
    )
    const byMachine = [...lines].flatMap(([mark, found]) => (found.length > 1 ? [mark] : []))
    const byModel = [...this.#begun].flatMap(([mark, count]) => (count > 1 ? [mark] : []))
    return [...new Set([...byMachine, ...byModel])]
  }
}

/** Only the first request of a turn has the person's message at its end; the others have what came of it. */
function markThatBegins({ body }: RecordedRequest): string | null {
  const index = body.input.findLastIndex((item) => isPersonsMessage(item))
  const message = body.input[index]
  const isFirst = body.input.slice(index + 1).every(({ role }) => role === "user" || role === "developer")
  if (message === undefined || !isFirst) return null
  return /mark-\d+\./.exec(messageText(message))?.[0] ?? null
}
