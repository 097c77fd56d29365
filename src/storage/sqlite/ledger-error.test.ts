import { DatabaseSync } from "node:sqlite"
import { expect, it } from "vitest"
import { ledgerError } from "./ledger-error.ts"

function failureOf(work: () => void): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error("it did not fail")
}

const failed = (errcode: number) => Object.assign(new Error("disk I/O error"), { errcode })

it("names a full disk, as SQLite tells it", () => {
  const database = new DatabaseSync(":memory:")
  database.exec("pragma max_page_count = 2; create table t (a)")
  const error = failureOf(() => database.exec("insert into t values (zeroblob(100000))"))
  expect(ledgerError(error)).toMatchObject({
    code: "storage_failed",
    message: expect.stringContaining("the disk is full"),
  })
})

it.each([
  [8, "storage_failed", "read-only"],
  [778, "storage_failed", "does not take or give"],
  [14, "storage_failed", "cannot be opened"],
  [1032, "storage_failed", "was moved away or deleted"],
  [11, "storage_failed", "its file is damaged"],
  [267, "storage_failed", "ai-agent-proxy ledger restore"],
  [26, "storage_failed", "not a ledger any more"],
  [5, "storage_failed", "another program holds it locked"],
  [6, "storage_failed", "another program holds it locked"],
  [261, "storage_failed", "another program holds it locked"],
  [19, "internal_error", "The ledger failed"],
])(
  "tells what the owner can mend from what is a fault of ours: SQLite's code %d is %s",
  (code, expected, words) => {
    expect(ledgerError(failed(code))).toMatchObject({
      code: expected,
      message: expect.stringContaining(words),
    })
  },
)
