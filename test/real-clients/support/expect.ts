import { isDeepStrictEqual } from "node:util"

/** Throws with both values where they differ; `more` is told beside them, such as what a program wrote on stderr. */
export function equal(value: unknown, expected: unknown, more = ""): void {
  if (isDeepStrictEqual(value, expected)) return
  throw new Error(`got ${JSON.stringify(value)}, not ${JSON.stringify(expected)} ${more.slice(-600)}`)
}

/** Throws with the text where the words are not in it. */
export function includes(text: string | undefined, words: string, more = ""): void {
  if (text?.includes(words)) return
  throw new Error(`no ${JSON.stringify(words)} in ${JSON.stringify(text?.slice(-600))} ${more.slice(-600)}`)
}
