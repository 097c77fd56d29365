import { unknownFields } from "../../protocol/common/parameters.ts"

/** Tells a client which fields of its body have no effect; nothing where there are none. */
export function advisoryHeader(names: readonly string[]): Record<string, string> {
  return names.length === 0 ? {} : { "x-advisory-parameters": names.join(", ") }
}

/** The same of a body whose route knows these fields only. */
export function unknownIn(body: unknown, known: readonly string[]): Record<string, string> {
  return advisoryHeader(unknownFields(body, known))
}
