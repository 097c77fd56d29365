import { createHash } from "node:crypto"
import { checkable, schemasIn } from "../../domain/checkable-schema.ts"
import { ProxyError } from "../../domain/errors.ts"
import { hasRoundedNumbers } from "../../domain/exact-numbers.ts"
import type { Schema } from "../../domain/map-schema.ts"
import { inNewerWords, withoutLooseNullable } from "../../domain/newer-draft.ts"
import { schemaFault } from "./schema-limits.ts"
import {
  type Draft,
  type SchemaJob,
  type SchemaResult,
  SchemaThread,
  type SchemaThreadOptions,
} from "./schema-thread.ts"

/** A schema that once took more processor time than this is slow from then on. */
const slowCpuMs = 200
const maxSlow = 1_000

/**
 * Two threads, so that a schema that takes its time keeps others waiting once: from then on it
 * waits for its like only. The second one is there while there is something slow.
 */
export class SchemaThreads {
  readonly cpuLimitMs: number
  readonly #quick: SchemaThread
  readonly #slow: SchemaThread
  /** Keys of schemas, the oldest first. */
  readonly #slowKeys = new Set<string>()

  constructor(options: Omit<SchemaThreadOptions, "onDone"> = {}) {
    this.#quick = new SchemaThread({ ...options, onDone: (job, cpuMs) => this.#noteTime(job, cpuMs) })
    this.#slow = new SchemaThread(options)
    this.cpuLimitMs = this.#quick.cpuLimitMs
  }

  /** See `SchemaThread`. */
  run(job: SchemaJob): Promise<SchemaResult> {
    return (this.#slowKeys.has(job.key) ? this.#slow : this.#quick).run(job)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#quick.stop(), this.#slow.stop()])
  }

  #noteTime({ key }: SchemaJob, cpuMs: number): void {
    if (cpuMs < slowCpuMs) return
    this.#slowKeys.add(key)
    const [oldest] = this.#slowKeys
    if (this.#slowKeys.size > maxSlow && oldest !== undefined) this.#slowKeys.delete(oldest)
  }
}

/**
 * What is wrong with a value, in a few words each; empty: nothing. `text`: the JSON that it was
 * parsed of, for numbers that parsing has rounded. Never rejects for what the value or the schema
 * is, but with `agent_unavailable` where the machine is too busy and `queue_full` where too many
 * wait.
 */
export type Check = (value: unknown, text?: string) => Promise<readonly string[]>

/** For the process: started with the first schema. */
const sharedThreads = new SchemaThreads()

/**
 * Compiles a client's JSON Schema. `$schema` only chooses between the drafts: what it names is not
 * fetched. Formats (`date-time`, ...) and what else cannot be checked are left out, see
 * `checkable`. `what` names it in errors, in the plural. Rejects with `invalid_request` and `param`
 * when the schema is none, or too large, or takes too much processor time, and as a `Check` does
 * where that cannot be found out. A value whose check takes too much processor time is told as
 * wrong.
 */
export async function compileSchema(
  schema: Schema,
  what: string,
  param: string,
  thread: Pick<SchemaThread, "run" | "cpuLimitMs"> = sharedThreads,
): Promise<Check> {
  const refusal = (why: string) => new ProxyError("invalid_request", `${what} ${why}.`, { param })
  const fault = schemaFault(schema)
  if (fault !== null) throw refusal(fault)
  const { $schema: named, ...rest } = schema
  const draft = draftOf(named, rest)
  const text = JSON.stringify(withoutLooseNullable(inNewerWords(checkable(rest).schema)))
  const key = createHash("sha256").update(`${draft} ${text}`).digest("base64")
  const job = { key, draft, text }
  const compiled = await thread.run({ ...job, checked: null })
  switch (compiled.type) {
    case "done":
      break
    case "refused":
      throw refusal(`are no valid JSON Schema: ${compiled.message.slice(0, 500)}`)
    case "timeout":
      throw refusal(
        `are too complex: they could not be compiled in ${thread.cpuLimitMs} ms of processor time`,
      )
    case "crash":
      throw refusal("are too complex: they could not be compiled")
    case "late":
      throw tooBusy(what)
    case "busy":
      throw tooMany()
    case "gone":
      throw compiled.error
  }
  return async (value, json = "") => {
    const checked = await thread.run({ ...job, checked: { value, isRounded: hasRoundedNumbers(json) } })
    switch (checked.type) {
      case "done":
        return checked.problems
      case "refused":
        return [`the whole cannot be checked against the schema: ${checked.message}`]
      case "timeout":
        return [
          `the whole could not be checked against the schema in ${thread.cpuLimitMs} ms of processor time`,
        ]
      case "crash":
        return ["the whole could not be checked against the schema: that takes too much memory"]
      case "late":
        throw tooBusy("What the agent said", true)
      case "busy":
        throw tooMany(true)
      case "gone":
        throw checked.error
    }
  }
}

/** They would mean nothing in the older drafts, or something else beside them. */
const newerWords = [
  "prefixItems",
  "unevaluatedItems",
  "unevaluatedProperties",
  "dependentSchemas",
  "dependentRequired",
  "minContains",
  "maxContains",
  "$dynamicRef",
]

/** Most name none: then the words tell, of which a list in `items` is none in newer drafts. */
function draftOf(named: unknown, schema: Schema): Draft {
  if (typeof named === "string") return /20(?:19-09|20-12)/.test(named) ? "2020-12" : "draft-07"
  const all = [...schemasIn(schema)]
  const isNew = all.some((found) => newerWords.some((word) => Object.hasOwn(found, word)))
  return isNew && !all.some(({ items }) => Array.isArray(items)) ? "2020-12" : "draft-07"
}

/** `hasActed`: the agent has said what was to be checked, and would have to say it again. */
function tooBusy(what: string, hasActed = false): ProxyError {
  const message = `${what} could not be checked: this machine has too much to do just now. Try again later.`
  return new ProxyError("agent_unavailable", message, { retryAfterSeconds: 10, hasActed })
}

function tooMany(hasActed = false): ProxyError {
  return new ProxyError("queue_full", "Too many JSON Schemas wait to be checked; try again later.", {
    retryAfterSeconds: 5,
    hasActed,
  })
}
