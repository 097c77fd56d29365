import type { DatabaseSync } from "node:sqlite"
import { type Chain, noChain } from "../../../domain/exchanges.ts"
import type { Item } from "../../../domain/items.ts"
import { hasFailed } from "../../../domain/responses.ts"
import { turnMarks } from "../../../domain/turn-marks.ts"
import type { Migration } from "../migrate.ts"
import { Row } from "../row.ts"

/**
 * What turns are found by when a client sends its conversation: see `domain/turn-marks.ts`. Those
 * of before get it from what they hold; `history_hash` was of an earlier form.
 */
export const lineage: Migration = {
  name: "0005-lineage",
  sql: `
drop index turns_history;
alter table turns add column said_hash text;
alter table turns add column exchanges text;
update turns set history_hash = null;
create table turn_keys (
  key text not null,
  turn_id text not null references turns (id) on delete cascade,
  primary key (key, turn_id)
) strict, without rowid;
create index turn_keys_turn on turn_keys (turn_id);
drop index threads_main;
create index threads_main on threads (principal, agent_id, used_at) where is_main = 1;
`,
  fill: markTurns,
}

/** Parents stand before their children. What had not ended is ended at this start, unmarked. */
function markTurns(database: DatabaseSync): void {
  const chains = new Map<string, Chain>()
  const output = database.prepare(
    "select json from turn_items where turn_id = ? and side = 'output' order by position",
  )
  const saveChain = database.prepare(
    "update turns set history_hash = ?, said_hash = ?, exchanges = ? where id = ?",
  )
  const saveKey = database.prepare(
    "insert into turn_keys (key, turn_id) values (?, ?) on conflict do nothing",
  )
  const ended = database
    .prepare(
      `select turns.id from turns join responses on responses.turn_id = turns.id
      where responses.status not in ('queued', 'running') order by turns.rowid`,
    )
    .all()
  // One by one: inputs may be of megabytes.
  const find = database.prepare(`
    select turns.id, turns.parent_turn_id, turns.input, threads.principal, threads.agent_id, responses.status
    from turns
    join threads on threads.id = turns.thread_id
    join responses on responses.turn_id = turns.id
    where turns.id = ?`)
  for (const turn of ended) {
    const columns = find.get(turn.id ?? null)
    if (columns === undefined) continue
    const row = new Row(columns, `turn ${String(columns.id)}`)
    const id = row.text("id")
    const parentId = row.textOrNull("parent_turn_id")
    const before = (parentId === null ? undefined : chains.get(parentId)) ?? noChain
    const items = [
      ...row.jsonArray<Item>("input"),
      ...output.all(id).map((item) => new Row(item, `an output item of turn ${id}`).jsonObject<Item>("json")),
    ]
    const scope = { principal: row.text("principal"), agentId: row.text("agent_id") }
    const isCut = hasFailed(row.oneOf("status", ["completed", "incomplete", "failed", "cancelled"]))
    const marks = turnMarks(scope, { before, clientExchanges: "" }, items, isCut)
    chains.set(id, marks.chain)
    saveChain.run(marks.chain.all, marks.chain.said, marks.exchanges, id)
    for (const key of marks.keys) saveKey.run(key, id)
  }
}
