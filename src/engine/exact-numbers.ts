import { type Ajv, type KeywordErrorDefinition, str } from "ajv"

const words = /"(?:multipleOf|exclusiveMinimum|exclusiveMaximum)":/

/**
 * The rules for numbers that Ajv reckons in fractions of two: 19.99 would be no multiple of 0.01. Of whole numbers beyond 2^53, which have
 * been rounded when they are checked, only what can be known is told as wrong. `text`: the schema, as JSON.
 */
export function withExactNumbers(ajv: Ajv, text: string): Ajv {
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

/** Digits, and how many of them are behind the point: less than none for a number that ends in zeros. */
function inTens(value: number): readonly [bigint, number] {
  const [number = "", exponent = "0"] = String(value).split("e")
  const [before = "", behind = ""] = number.split(".")
  return [BigInt(before + behind), behind.length - Number(exponent)]
}
