import { execFile } from "node:child_process"
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { promisify } from "node:util"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ProxyError } from "../../src/domain/errors.ts"
import type { Store } from "../../src/domain/store.ts"
import { migrate, migrations } from "../../src/storage/sqlite/migrate.ts"
import { openSqliteStore, pragmasFor } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { type StatementName, statements } from "../../src/storage/sqlite/statements.ts"
import { complete, insert, message } from "./records.ts"
import { describeStoreContract } from "./store-contract.ts"

const run = promisify(execFile)

describeStoreContract("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "store-"))
  return {
    open: () => openSqliteStore(join(folder, "state.db")),
    remove: () => rm(folder, { recursive: true }),
  }
})

describe("the SQLite ledger", () => {
  let folder: string
  let path: string
  let store: Store

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "store-"))
    path = join(folder, "state.db")
    store = await openSqliteStore(path)
  })

  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  /** Changes the file behind the store's back. */
  function tamper(sql: string): void {
    const database = new DatabaseSync(path)
    try {
      database.exec(sql)
    } finally {
      database.close()
    }
  }

  it("is readable by its owner only, and so are the files beside it", async () => {
    await insert(store, { turnId: "turn_1" })
    for (const suffix of ["", "-wal", "-shm"]) {
      expect((await stat(path + suffix)).mode & 0o777).toBe(0o600)
    }
  })

  it("tightens the mode of a file that others could read", async () => {
    const other = join(folder, "loose.db")
    await writeFile(other, "", { mode: 0o644 })
    await (await openSqliteStore(other)).close()
    expect((await stat(other)).mode & 0o777).toBe(0o600)
  })

  it("can be read by a second process while it is open", async () => {
    await insert(store, { turnId: "turn_1" })
    await complete(store, "turn_1", "seen from outside")
    const program = join(import.meta.dirname, "programs/read-response.ts")
    const { stdout, stderr } = await run(process.execPath, [program, path, "owner", "resp_turn_1"])
    expect(JSON.parse(stdout)).toMatchObject({ output: [message("seen from outside", "assistant")] })
    expect(stderr).toBe("")
  })

  it.each([
    ["normal", 1],
    ["full", 2],
  ] as const)("waits for the disk as its durability says: %s", (durability, synchronous) => {
    const database = new DatabaseSync(join(folder, "other.db"))
    try {
      database.exec(pragmasFor(durability))
      expect(database.prepare("pragma synchronous").get()).toEqual({ synchronous })
    } finally {
      database.close()
    }
  })

  it("keeps what a killed process had stored", async () => {
    await store.close()
    const source = `
      import { openSqliteStore, pragmasFor } from ${JSON.stringify(join(import.meta.dirname, "../../src/storage/sqlite/open-sqlite-store.ts"))}
      import { insert } from ${JSON.stringify(join(import.meta.dirname, "records.ts"))}
      await insert(await openSqliteStore(${JSON.stringify(path)}), { turnId: "turn_1" })
      process.kill(process.pid, "SIGKILL")`
    const ended = await run(process.execPath, ["--input-type=module", "--eval", source]).catch(
      (error) => error,
    )
    expect(ended).toMatchObject({ signal: "SIGKILL" })
    store = await openSqliteStore(path)
    expect(await store.findUnfinished()).toEqual([
      { responseId: "resp_turn_1", turnId: "turn_1", status: "queued", pending: null },
    ])
  })

  it("says that another program holds it locked, waits for that once, and goes on when it is done", async () => {
    await insert(store, { turnId: "turn_1" })
    const other = new DatabaseSync(path)
    try {
      other.exec("begin immediate")
      const locked = {
        code: "storage_failed",
        message: expect.stringContaining("another program holds it locked"),
      }
      await expect(insert(store, { turnId: "turn_2" })).rejects.toMatchObject(locked)
      await expect(store.check()).rejects.toMatchObject(locked)
      // Each that waited as long as the first would hold up all others, and this test beyond its deadline.
      for (let turn = 0; turn < 60; turn += 1) {
        await expect(insert(store, { turnId: "turn_3" })).rejects.toMatchObject(locked)
      }
    } finally {
      other.close()
    }
    await store.check()
    await insert(store, { turnId: "turn_2" })
    expect(await store.findTurn("turn_2")).toMatchObject({ id: "turn_2" })
  })

  it("refuses a newer schema, naming both versions and what to do", async () => {
    await store.close()
    tamper(`pragma user_version = ${migrations.length + 41}`)
    const refusal = await openSqliteStore(path).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(ProxyError)
    expect(String(refusal)).toContain(`schema version ${migrations.length + 41}`)
    expect(String(refusal)).toContain(`up to ${migrations.length}`)
    expect(String(refusal)).toContain("git pull && make install")
  })

  it("refuses a file that is not a database, naming it", async () => {
    const other = join(folder, "not.db")
    await writeFile(other, "this is text, and long enough to be taken for a header".repeat(20))
    await expect(openSqliteStore(other)).rejects.toThrow(`${other} is damaged (file is not a database)`)
  })

  it("applies only the missing migrations, and none of them when one fails", () => {
    const database = new DatabaseSync(":memory:")
    const first = { name: "0001-a", sql: "create table a (x text) strict" }
    const second = { name: "0002-b", sql: "create table b (x text) strict" }
    const broken = { name: "0003-c", sql: "create table d (x text) strict; create tabel" }
    const tables = () =>
      database
        .prepare("select name from sqlite_schema order by name")
        .all()
        .map((row) => row.name)
    migrate(database, "x", [first])
    expect(() => migrate(database, "x", [first, second, broken])).toThrow("syntax error")
    expect(tables()).toEqual(["a"])
    migrate(database, "x", [first, second])
    expect(tables()).toEqual(["a", "b"])
    database.close()
  })

  it.each([
    ["turns", "input = '{'", () => store.findTurn("turn_1"), "column input of turn turn_1 is not JSON"],
    [
      "turns",
      "input = '{}'",
      () => store.lineage("turn_1"),
      "column input of turn turn_1 is not a JSON array",
    ],
    [
      "responses",
      "status = 'odd'",
      () => store.findResponse("owner", "resp_turn_1"),
      "column status of response resp_turn_1 is not one of",
    ],
    [
      "turn_items",
      "json = '3'",
      () => store.findResponse("owner", "resp_turn_1"),
      "column json of an output item of turn turn_1 is not a JSON object",
    ],
  ])(
    "names the record when %s were damaged (%s), and goes on with others",
    async (table, damage, read, text) => {
      await insert(store, { turnId: "turn_1" })
      await complete(store, "turn_1", "one")
      tamper(`update ${table} set ${damage}`)
      await expect(read()).rejects.toThrow(text)
      await insert(store, { turnId: "turn_2" })
      expect((await store.findTurn("turn_2"))?.id).toBe("turn_2")
    },
  )

  it("serves every lookup from an index among 10,000 responses", async () => {
    const database = new DatabaseSync(path)
    try {
      database.exec(`
        begin;
        with recursive n (i) as (select 1 union all select i + 1 from n where i < 10000)
        insert into threads (id, principal, agent_id, backend, key_hash, is_ephemeral, is_main, session_key,
            resends_history, head_turn_id, created_at, used_at)
          select 'thr_' || i, 'owner', 'manager', 'demo', 'key', 0, i % 2, 'session' || i, 0, 'turn_' || i, i, i from n;
        insert into turns (id, thread_id, response_id, history_hash, created_at, input)
          select 'turn_' || rowid, id, 'resp_' || rowid, 'hash' || rowid, rowid, '[]' from threads;
        insert into responses (id, turn_id, kind, principal, agent_id, is_stored, is_background, created_at, status, echo)
          select response_id, id, iif(rowid % 2, 'chat', 'response'), 'owner', 'manager', 1, 0, created_at, 'completed',
            '{}' from turns;
        insert into conversations select 'conv_' || rowid, 'owner', '{}', id, rowid from turns;
        insert into conversation_items select id, 0, 'msg_' || rowid, null, '{}' from conversations;
        commit;
        analyze;
      `)
      const lookups = (Object.keys(statements) as StatementName[]).filter(
        (name) => !/insert/i.test(statements[name]),
      )
      expect(lookups).toContain("findResponse")
      for (const name of lookups) {
        const sql = statements[name]
        const values = Array.from({ length: sql.split("?").length - 1 }, () => null)
        const plan = database.prepare(`explain query plan ${sql}`).all(...values)
        const steps = plan.map((step) => String(step.detail))
        // A scan of the recursion's own short queue, or of JSON, is none of a table; one over an index of only what is
        // wanted is fine.
        const scans = steps.filter(
          (step) =>
            step.startsWith("SCAN") &&
            step !== "SCAN path" &&
            !step.includes("VIRTUAL TABLE") &&
            !step.includes("responses_unfinished") &&
            // Of some turns, never more: see SqliteTurnKeys.
            !step.includes("recent_turn_keys") &&
            !step.includes("replies_outbox"),
        )
        expect({ name, scans, steps }).toMatchObject({ name, scans: [] })
      }
    } finally {
      database.close()
    }
    expect((await store.findResponse("owner", "resp_7777"))?.createdAt).toBe(7_777)
  })

  it("checks every foreign key through an index, so that a deletion scans no table", () => {
    const database = new DatabaseSync(path)
    try {
      const children: [string, string][] = [
        ["turns", "thread_id"],
        ["turns", "parent_turn_id"],
        ["responses", "turn_id"],
        ["turn_items", "turn_id"],
        ["turn_keys", "turn_id"],
        ["recent_turn_keys", "turn_id"],
        ["log_segments", "response_id"],
        ["conversation_items", "conversation_id"],
      ]
      for (const [table, column] of children) {
        const plan = database
          .prepare(`explain query plan select 1 from ${table} where ${column} = ?`)
          .all("x")
        expect(plan.map((step) => String(step.detail)).join()).toMatch(
          /^SEARCH \w+ USING .*(INDEX|PRIMARY KEY)/,
        )
      }
    } finally {
      database.close()
    }
  })

  it("gives room back to the file system when threads go", async () => {
    const text = "x".repeat(20_000)
    for (let index = 0; index < 10; index += 1) {
      await insert(store, { turnId: `turn_${index}`, threadId: `thr_${index}` })
      await complete(store, `turn_${index}`, text)
    }
    const pages = () => {
      const database = new DatabaseSync(path)
      try {
        return Number(database.prepare("pragma page_count").get()?.page_count)
      } finally {
        database.close()
      }
    }
    const before = pages()
    await store.deleteThreadsUsedBefore(9_000, 100)
    expect(pages()).toBeLessThan(before / 2)
  })
})
