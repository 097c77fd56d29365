import { parentPort } from "node:worker_threads"
import { Ajv, type ValidateFunction } from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"

export type Draft = "draft-07" | "2020-12"

/** What the worker is asked, one thing at a time. The schema comes along each time: the worker may be a new one. */
export interface SchemaJob {
  /** Of draft and text. */
  readonly key: string
  readonly draft: Draft
  /** The schema as JSON. */
  readonly text: string
  /** Null: the schema is only compiled. */
  readonly checked: { readonly value: unknown } | null
}

/** `problems`: what is wrong with the value; none when nothing is. */
export type SchemaAnswer =
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "done"; readonly problems: readonly string[] }

export interface SchemaReply {
  /** Null once, at the start: the thread is ready. */
  readonly answer: SchemaAnswer | null
  /** Processor time of the thread since its start. */
  readonly cpuMs: number
}

const maxKept = 50
/** UTF-16 units of schemas whose checks are kept: compiled, they take many times that. */
const maxKeptText = 1024 * 1024
const maxProblems = 5
const maxProblemLength = 300
const options = {
  strict: false,
  validateFormats: false,
  logger: false,
  ownProperties: true,
  // All errors of a schema that branches over and over are more than there is memory for.
  allErrors: false,
} as const

/** The most recently used last. */
const kept = new Map<string, { readonly check: ValidateFunction; readonly length: number }>()
let keptText = 0

const port = parentPort
port?.on("message", (job: SchemaJob) => reply(answerTo(job)))
reply(null)

function reply(answer: SchemaAnswer | null): void {
  const { user, system } = process.threadCpuUsage()
  port?.postMessage({ answer, cpuMs: (user + system) / 1000 } satisfies SchemaReply)
}

function answerTo(job: SchemaJob): SchemaAnswer {
  let check: ValidateFunction
  try {
    check = checkOf(job)
  } catch (error) {
    return { type: "refused", message: error instanceof Error ? error.message : String(error) }
  }
  return { type: "done", problems: job.checked === null ? [] : problemsOf(check, job.checked.value) }
}

function checkOf({ key, draft, text }: SchemaJob): ValidateFunction {
  const known = kept.get(key)
  if (known !== undefined) {
    kept.delete(key)
    kept.set(key, known)
    return known.check
  }
  // A compiler of its own: compilers keep what they compiled, and the names inside it.
  const ajv = draft === "2020-12" ? new Ajv2020(options) : new Ajv(options)
  const check = ajv.compile(JSON.parse(text))
  if ("$async" in check) throw new Error("'$async' is not supported")
  probe(check)
  kept.set(key, { check, length: text.length })
  keptText += text.length
  for (const [oldest, { length }] of kept) {
    if (kept.size <= maxKept && keptText <= maxKeptText) break
    kept.delete(oldest)
    keptText -= length
  }
  return check
}

/** A schema that is defined by nothing but itself never comes to an end, and needs no particular value for that. */
function probe(check: ValidateFunction): void {
  for (const value of [null, {}, [], "", 0]) {
    try {
      check(value)
    } catch (error) {
      if (error instanceof RangeError) throw new Error("it refers to itself without an end", { cause: error })
      throw error
    }
  }
}

function problemsOf(check: ValidateFunction, value: unknown): readonly string[] {
  try {
    // Compared, since an asynchronous check would answer with a promise.
    if (check(value) === true) return []
  } catch (error) {
    const why = error instanceof RangeError ? "it, or the schema, is nested too deeply" : String(error)
    return [`the whole cannot be checked against the schema: ${why}`]
  }
  const errors = check.errors ?? []
  if (errors.length === 0) return ["the whole does not match the schema"]
  return errors
    .slice(0, maxProblems)
    .map(({ instancePath, message }) =>
      `${instancePath || "the whole"} ${message}`.slice(0, maxProblemLength),
    )
}
