import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { expect, it } from "vitest"
import type { Item } from "../../src/domain/items.ts"
import { migrate, migrations } from "../../src/storage/sqlite/migrate.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { answer, call, ResentLedger, ran, result, user } from "./resent-ledger.ts"

/** A ledger as the release before the lineage wrote it: two turns of one thread, and one that failed behind them. */
function writeOldLedger(
  path: string,
  turns: readonly (readonly [id: string, Item[], Item[], string])[],
): void {
  const database = new DatabaseSync(path)
  migrate(database, path, migrations.slice(0, 4))
  database
    .prepare(
      `insert into threads (id, principal, agent_id, backend, key_hash, is_ephemeral, is_main, resends_history,
        head_turn_id, created_at, used_at, agent_identity)
      values ('thr_1', 'owner', 'manager', 'demo', 'key', 0, 0, 0, ?, 1, 1, 'agent-1')`,
    )
    .run(turns.at(-1)?.[0] ?? null)
  let parent: string | null = null
  for (const [id, input, output, status] of turns) {
    database
      .prepare(
        `insert into turns (id, thread_id, response_id, parent_turn_id, history_hash, created_at, input)
        values (?, 'thr_1', ?, ?, 'of an earlier form', 1, ?)`,
      )
      .run(id, `resp_${id}`, parent, JSON.stringify(input))
    database
      .prepare(
        `insert into responses (id, turn_id, kind, principal, agent_id, is_stored, is_background, created_at, status, echo)
        values (?, ?, 'response', 'owner', 'manager', 1, 0, 1, ?, '{}')`,
      )
      .run(`resp_${id}`, id, status)
    for (const [position, item] of output.entries()) {
      database
        .prepare("insert into turn_items (turn_id, side, position, json) values (?, 'output', ?, ?)")
        .run(id, position, JSON.stringify(item))
    }
    parent = id
  }
  database.close()
}

it("what a ledger of before holds is found by what the agent said, and so is a turn that failed", async () => {
  const folder = await createTempDir("old-ledger")
  const path = join(folder.path, "state.db")
  const sky = "The sky is blue, as far as one can see."
  try {
    writeOldLedger(path, [
      ["turn_1", [user("u1")], [ran("make"), answer(sky)], "completed"],
      ["turn_2", [user("u2")], [call("call_1")], "completed"],
      ["turn_3", [result("call_1"), user("u3")], [ran("make all")], "failed"],
      ["turn_4", [user("u4")], [], "running"],
    ])
    const ledger = await ResentLedger.open(path)
    try {
      const behind = async (...input: readonly Item[]) => (await ledger.plan({ input })).parentTurnId
      expect(await behind(user("[12:05] u1"), answer(`<think>Hm</think>${sky}`), user("v2"))).toBe("turn_1")
      const called = [user("u1"), answer(sky), user("u2"), call("call_1"), result("call_1")]
      expect(await behind(...called)).toBe("turn_2")
      expect(await behind(...called, user("u3"), user("v4"))).toBe("turn_3")
    } finally {
      await ledger.close()
    }
  } finally {
    await folder.remove()
  }
})
