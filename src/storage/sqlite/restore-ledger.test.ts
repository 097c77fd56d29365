import { chmodSync, chownSync, copyFileSync, existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, expect, it } from "vitest"
import { become, becomeOneself, eachUser } from "../../../test/support/each-user.ts"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { emptyLedgerProblem } from "./ledger-damage.ts"
import { openSqliteStore } from "./open-sqlite-store.ts"
import { restoreLedger } from "./restore-ledger.ts"

const now = new Date("2026-01-02T03:04:05Z")

let home: TempDir
let path: string

beforeEach(async () => {
  home = await createTempDir("restore")
  path = join(home.path, "state.db")
  await (await openSqliteStore(path)).close()
})
afterEach(() => home.remove())

/** What a service that was killed leaves: a file, and its write-ahead log with the newest fact. */
function leaveKilled(file: string, value: number): void {
  const database = new DatabaseSync(path)
  try {
    database.exec(`pragma wal_autocheckpoint = 0; insert into facts values ('said last', ${value})`)
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, file + suffix)
  } finally {
    database.close()
  }
}

function saidLast(): unknown {
  const database = new DatabaseSync(path)
  try {
    return database.prepare("select value from facts where name = 'said last'").get()?.value
  } finally {
    database.close()
  }
}

it("takes what stands in the write-ahead log of the copy, too", () => {
  const kept = `${path}.replaced-20250101T000000`
  leaveKilled(kept, 7)
  restoreLedger(path, { from: null, isEmpty: true, now })
  expect(saidLast()).toBeUndefined()
  restoreLedger(path, { from: kept, isEmpty: false, now: new Date(now.getTime() + 1000) })
  expect(saidLast()).toBe(7)
  expect(existsSync(`${kept}-wal`)).toBe(true)
})

it.each([true, false])("takes nothing of what an earlier restore has left half-way, empty: %s", (isEmpty) => {
  const copy = join(home.path, "copy.db")
  copyFileSync(path, copy)
  leaveKilled(`${path}.restoring`, 7)
  restoreLedger(path, { from: isEmpty ? null : copy, isEmpty, now })
  expect(saidLast()).toBeUndefined()
  expect(readdirSync(home.path).filter((name) => name.includes("restoring"))).toEqual([])
})

it.each(eachUser)("takes a copy that nobody may write to, as $user", ({ uid }) => {
  const copy = join(home.path, "copy.db")
  copyFileSync(path, copy)
  for (const file of [path, copy]) chownSync(file, uid, uid)
  chmodSync(copy, 0o400)
  become(uid, home.path)
  try {
    restoreLedger(path, { from: copy, isEmpty: false, now })
  } finally {
    becomeOneself()
  }
  expect(saidLast()).toBeUndefined()
})

it("is to be done again where it was ended half-way: until then nothing is begun in its place", () => {
  const gone = join(home.path, "gone", "state.db")
  expect(emptyLedgerProblem(gone)).toBeNull()
  writeFileSync(`${path}.other.restoring`, "")
  expect(emptyLedgerProblem(`${path}.other`)).toMatchObject({
    reason: expect.stringContaining("half-way"),
    step: expect.stringContaining("ledger restore"),
  })
})
