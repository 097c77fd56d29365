import { expect, test } from "vitest"
import { parseExact } from "../../domain/exact-numbers.ts"
import { codexJson } from "./codex-json.ts"

test("numbers that are beyond 64 bits once they are rounded have an exponent", () => {
  const bounds = { minimum: -(2 ** 63), maximum: 2 ** 64, enum: [2 ** 63, 1e20, -1e20] }
  expect(codexJson(bounds)).toBe(
    '{"minimum":-9.223372036854776e+18,"maximum":1.8446744073709552e+19,"enum":[9.223372036854776e+18,1e+20,-1e+20]}',
  )
  expect(JSON.parse(codexJson(bounds))).toEqual(bounds)
})

test("all else is the text that JSON has for it", () => {
  const digits = "1".repeat(30)
  const message = { text: `:${digits},`, [digits]: 2 ** 62, list: [1, -0.5, 1e-7, 1e300, null, true] }
  expect(codexJson(message)).toBe(JSON.stringify(message))
})

test("numbers that JavaScript would round stay as they were written, up to 64 bits", () => {
  const written =
    '{"enum":[9223372036854775807,-9223372036854775808,0.30000000000000004441],"long":123456789012345678901}'
  expect(codexJson(parseExact(written) as Record<string, unknown>)).toBe(
    written.replace("123456789012345678901", "1.2345678901234568e+20"),
  )
})
