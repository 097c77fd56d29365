import { expect, it } from "vitest"
import { readPendingTurn, storedPendingTurn } from "./pending-turn.ts"

/** As the ledger has it: only the outer form is read. */
const plan = { thread: { id: "thr_1" }, added: [] }
const before = {
  changes: { instructions: false, tools: false },
  clientExchanges: "",
  before: { all: null, said: null },
  seenText: null,
}
const written = { turnId: "turn_1", request: { model: "manager" }, plan, record: { id: "resp_1" } }

it("is read as it was stored", () => {
  const pending = { ...written, plan: { ...plan, ...before, seenText: "Hal" } } as never
  const stored = JSON.parse(JSON.stringify(storedPendingTurn(pending)))
  expect(readPendingTurn(stored, "resp_1")).toEqual(pending)
})

it("is read where an earlier release has stored it, which knew less", () => {
  expect(readPendingTurn(written, "resp_1")).toEqual({ ...written, plan: { ...before, ...plan } })
})

it.each<[string, unknown, string]>([
  ["a later release has stored it", { ...written, form: 3 }, "resp_1"],
  ["it is of another response", written, "resp_2"],
  ["it is no object", "pending", "resp_1"],
  ["it has no plan", { ...written, plan: undefined }, "resp_1"],
])("is not taken for one where %s", (_title, stored, responseId) => {
  expect(readPendingTurn(stored, responseId)).toBeNull()
})
