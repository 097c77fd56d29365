import type { Ajv } from "ajv"
import { messageOf, ProxyError } from "../domain/errors.ts"

type Schema = Readonly<Record<string, unknown>>

/** What is wrong with a value, in a few words each; empty: nothing. */
export type Check = (value: unknown) => readonly string[]

type Draft = "draft-07" | "2020-12"

const maxProblems = 5
const options = { strict: false, allErrors: true, validateFormats: false, logger: false } as const

/** ajv costs memory and start time, so each draft is loaded with the first schema that needs it, and kept. */
const compilers = new Map<Draft, Promise<Pick<Ajv, "compile" | "removeSchema">>>()

/**
 * Compiles a client's JSON Schema. `$schema` only chooses between the drafts: what it names is not fetched. Formats
 * (`date-time`, ...) are annotations, not checked. `what` names it in errors, in the plural. Rejects with
 * `invalid_request` and `param` when the schema is none.
 */
export async function compileSchema(schema: Schema, what: string, param: string): Promise<Check> {
  const { $schema: named, ...rest } = schema
  const draft: Draft = typeof named === "string" && /20(?:19-09|20-12)/.test(named) ? "2020-12" : "draft-07"
  // Names inside a schema stay known to its compiler: those of one client are not to meet those of another.
  const ajv = JSON.stringify(rest).includes('"$id"') ? await load(draft) : await shared(draft)
  try {
    const check = ajv.compile(rest)
    return (value) =>
      check(value)
        ? []
        : (check.errors ?? [])
            .slice(0, maxProblems)
            .map((error) => `${error.instancePath || "the whole"} ${error.message}`)
  } catch (error) {
    throw new ProxyError("invalid_request", `${what} are no valid JSON Schema: ${messageOf(error)}.`, {
      param,
      cause: error,
    })
  } finally {
    ajv.removeSchema(rest)
  }
}

function shared(draft: Draft): Promise<Pick<Ajv, "compile" | "removeSchema">> {
  const known = compilers.get(draft)
  if (known !== undefined) return known
  const loading = load(draft)
  compilers.set(draft, loading)
  return loading
}

async function load(draft: Draft): Promise<Pick<Ajv, "compile" | "removeSchema">> {
  if (draft === "2020-12") return new (await import("ajv/dist/2020.js")).Ajv2020(options)
  return new (await import("ajv")).Ajv(options)
}
