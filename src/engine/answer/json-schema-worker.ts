import { parentPort } from "node:worker_threads"
import {
  Ajv,
  type AnySchema,
  type KeywordErrorDefinition,
  type Options,
  str,
  type ValidateFunction,
} from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"
import { hasRoundedNumbers } from "../../domain/exact-numbers.ts"
import type { Draft, SchemaAnswer, SchemaJob, SchemaReply } from "./schema-thread.ts"

/** Functions of several requests, each of up to 128. The shortest schemas take some 10 kB each. */
const maxCount = 1000
/** UTF-16 units of schemas: compiled, they take about 25 times that. */
const maxText = 1024 * 1024

/** Compiled checks while there is room; those not used for the longest time go first. */
export class KeptChecks {
  /** The most recently used last. */
  readonly #kept = new Map<string, { readonly check: ValidateFunction; readonly length: number }>()
  #text = 0

  find(key: string): ValidateFunction | null {
    const known = this.#kept.get(key)
    if (known === undefined) return null
    this.#kept.delete(key)
    this.#kept.set(key, known)
    return known.check
  }

  /** `length`: of the schema. `key` must not be kept yet. */
  keep(key: string, check: ValidateFunction, length: number): void {
    this.#kept.set(key, { check, length })
    this.#text += length
    for (const [oldest, { length: room }] of this.#kept) {
      if (this.#kept.size <= maxCount && this.#text <= maxText) break
      this.#kept.delete(oldest)
      this.#text -= room
    }
  }
}

const endless = "it refers to itself without an end"
const maxProblems = 5
const maxProblemLength = 300
/** Rules that may refuse a number only because it was rounded; others hold all the same. */
const comparing: ReadonlySet<string> = new Set([
  "exclusiveMaximum",
  "exclusiveMinimum",
  "multipleOf",
  "uniqueItems",
  "not",
  "oneOf",
  "if",
])
const options = {
  strict: false,
  validateFormats: false,
  logger: false,
  ownProperties: true,
  // All errors of a schema that branches over and over are more than there is memory for.
  allErrors: false,
} as const

/** Whether schemas are schemas. That of a compiler takes longer to make than most checks. */
class SchemaRules {
  readonly #compilers = new Map<Draft, Ajv>()

  /** Throws for what is no schema. */
  assert(schema: AnySchema, draft: Draft): void {
    const compiler = this.#compilers.get(draft) ?? compilerOf(draft, options)
    this.#compilers.set(draft, compiler)
    if (compiler.validateSchema(schema) === true) return
    throw new Error(`schema is invalid: ${compiler.errorsText()}`)
  }
}

const kept = new KeptChecks()
const schemaRules = new SchemaRules()

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
    // Also what only the compiler finds, as it follows references that are nothing else.
    if (error instanceof RangeError) return { type: "refused", message: endless }
    return { type: "refused", message: error instanceof Error ? error.message : String(error) }
  }
  return { type: "done", problems: job.checked === null ? [] : problemsOf(check, job.checked, job.text) }
}

function checkOf({ key, draft, text }: SchemaJob): ValidateFunction {
  const known = kept.find(key)
  if (known !== null) return known
  const schema = JSON.parse(text)
  schemaRules.assert(schema, draft)
  // A compiler of its own: compilers keep what they compiled, and the names inside it.
  const compiler = compilerOf(draft, { ...options, meta: false, validateSchema: false })
  const check = withExactNumbers(compiler, text).compile(schema)
  if ("$async" in check) throw new Error("'$async' is not supported")
  probe(check)
  kept.keep(key, check, text.length)
  return check
}

function compilerOf(draft: Draft, settings: Options): Ajv {
  return draft === "2020-12" ? new Ajv2020(settings) : new Ajv(settings)
}

/** A schema defined by nothing but itself never comes to an end, whatever the value. */
function probe(check: ValidateFunction): void {
  for (const value of [null, {}, [], "", 0]) {
    try {
      check(value)
    } catch (error) {
      if (error instanceof RangeError) throw new Error(endless, { cause: error })
      throw error
    }
  }
}

function problemsOf(
  check: ValidateFunction,
  { value, isRounded }: NonNullable<SchemaJob["checked"]>,
  schema: string,
): readonly string[] {
  try {
    // Compared, since an asynchronous check would answer with a promise.
    if (check(value) === true) return []
  } catch (error) {
    const why = error instanceof RangeError ? "it, or the schema, is nested too deeply" : String(error)
    return [`the whole cannot be checked against the schema: ${why}`]
  }
  const errors = check.errors ?? []
  // Two numbers that differ may be one here: what is refused for that may be right.
  if (errors.some(({ keyword }) => comparing.has(keyword)) && (isRounded || hasRoundedNumbers(schema)))
    return []
  if (errors.length === 0) return ["the whole does not match the schema"]
  return errors
    .slice(0, maxProblems)
    .map(({ instancePath, message }) =>
      `${instancePath || "the whole"} ${message}`.slice(0, maxProblemLength),
    )
}

const words = /"(?:multipleOf|exclusiveMinimum|exclusiveMaximum)":/

/**
 * The rules for numbers that Ajv reckons in fractions of two: 19.99 would be no multiple of 0.01.
 * Of whole numbers beyond 2^53, which have been rounded when they are checked, only what can be
 * known is told as wrong. `text`: the schema, as JSON.
 */
function withExactNumbers(ajv: Ajv, text: string): Ajv {
  if (!words.test(text)) return ajv
  const add = (keyword: string, sign: string, holds: (limit: number, value: number) => boolean) =>
    ajv.removeKeyword(keyword).addKeyword({
      keyword,
      type: "number",
      schemaType: "number",
      error: messageOf(sign),
      validate: holds,
    })
  add("multipleOf", "multiple of", (step, value) => isRounded(value) || isMultiple(value, step))
  add("exclusiveMinimum", ">", (limit, value) => value > limit || (value === limit && isRounded(value)))
  add("exclusiveMaximum", "<", (limit, value) => value < limit || (value === limit && isRounded(value)))
  return ajv
}

function messageOf(sign: string): KeywordErrorDefinition {
  return { message: ({ schemaCode }) => str`must be ${sign} ${schemaCode}` }
}

function isRounded(value: number): boolean {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER
}

/** As they are written in tens. */
function isMultiple(value: number, step: number): boolean {
  const [digits, places] = inTens(value)
  const [stepDigits, stepPlaces] = inTens(step)
  const more = Math.max(places, stepPlaces)
  const whole = stepDigits * 10n ** BigInt(more - stepPlaces)
  return whole === 0n || (digits * 10n ** BigInt(more - places)) % whole === 0n
}

/** Digits, and how many are behind the point: negative for a number that ends in zeros. */
function inTens(value: number): readonly [bigint, number] {
  const [number = "", exponent = "0"] = String(value).split("e")
  const [before = "", behind = ""] = number.split(".")
  return [BigInt(before + behind), behind.length - Number(exponent)]
}
