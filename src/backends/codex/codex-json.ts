import { isExactNumber } from "../../domain/exact-numbers.ts"

const maybeLong = /\d{19}/
const limit = 2 ** 63
const whole = /^-?\d+$/

/**
 * A message as codex reads it. Its reader refuses all of a message that has a whole number beyond 64 bits, as the bounds of 64 bits are
 * when JavaScript has rounded them: such a number is written with an exponent, which means the same but for what a double has not.
 * What is injected is texts, of megabytes: it is not looked at.
 */
export function codexJson(message: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(message)
  return message.method !== "thread/inject_items" && maybeLong.test(text)
    ? JSON.stringify(message, withExponent)
    : text
}

function withExponent(_name: string, value: unknown): unknown {
  if (isExactNumber(value)) return isTooLong(value.rawJSON) ? exponential(Number(value.rawJSON)) : value
  return typeof value === "number" && Math.abs(value) >= limit ? exponential(value) : value
}

function isTooLong(text: string): boolean {
  return whole.test(text) && BigInt.asIntN(64, BigInt(text)) !== BigInt(text)
}

function exponential(value: number): unknown {
  return JSON.rawJSON(value.toExponential())
}
