import { expect, test } from "vitest"
import { ApiKeys } from "./api-keys.ts"

const keys = new ApiKeys(
  new Map([
    ["ann", "sk-ann"],
    ["bob", "sk-bob"],
    ["eve", "schlüssel"],
  ]),
)

test("the principal is the name of the key", () => {
  expect(keys.principalOf("Bearer sk-ann")).toBe("ann")
  expect(keys.principalOf("bearer  sk-bob ")).toBe("bob")
})

test.each([
  undefined,
  "",
  "Bearer",
  "Bearer ",
  "Basic sk-ann",
  "sk-ann",
  "Bearer sk-an",
  "Bearer sk-annn",
  "Bearer sk-ann x",
])("%s is nobody", (header) => expect(keys.principalOf(header)).toBeNull())

test("a key with letters beyond ASCII is the same key in UTF-8", () => {
  // Node hands the header's bytes over as Latin-1.
  const header = Buffer.from("Bearer schlüssel", "utf8").toString("latin1")
  expect(keys.principalOf(header)).toBe("eve")
})

test("no keys are told apart from some", () => {
  expect(new ApiKeys(new Map()).isEmpty).toBe(true)
  expect(keys.isEmpty).toBe(false)
})
