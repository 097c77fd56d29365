/** As `JSON` has it since Node 21. */
const { rawJSON } = JSON as JSON & { rawJSON(text: string): unknown }

const maybeLong = /\d{19}/
const limit = 2 ** 63

/**
 * A message as codex reads it. Its reader refuses all of a message that has a whole number beyond 64 bits, as the bounds of 64 bits are
 * when JavaScript has rounded them: such a number is written with an exponent, which means the same.
 */
export function codexJson(message: unknown): string {
  const text = JSON.stringify(message)
  return maybeLong.test(text) ? JSON.stringify(message, withExponent) : text
}

function withExponent(_name: string, value: unknown): unknown {
  return typeof value === "number" && Math.abs(value) >= limit ? rawJSON(value.toExponential()) : value
}
