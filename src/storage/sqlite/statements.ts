/**
 * All SQL of the ledger's methods. The texts are constant, so each is prepared once and kept; the contract suite reads
 * this list to check that every lookup is served by an index.
 */
export const statements = {
  upsertThread: `
    insert into threads (id, principal, agent_id, backend, key_hash, native_ref, is_ephemeral, is_main, session_key,
      resends_history, head_turn_id, created_at, used_at, instructions)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (id) do update set
      head_turn_id = excluded.head_turn_id, used_at = excluded.used_at, session_key = excluded.session_key,
      resends_history = excluded.resends_history`,
  insertTurn: `
    insert into turns (id, thread_id, response_id, parent_turn_id, native_ref, history_hash, created_at, input)
    values (?, ?, ?, ?, ?, ?, ?, ?)`,
  insertResponse: `
    insert into responses (id, turn_id, kind, principal, agent_id, previous_response_id, is_stored, created_at, status,
      completed_at, error, usage, echo)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  saveItem: `
    insert into turn_items (turn_id, side, position, json) values (?, ?, ?, ?)
    on conflict (turn_id, side, position) do update set json = excluded.json`,
  saveLogSegment: `
    insert into log_segments (response_id, first_sequence, json) values (?, ?, ?)
    on conflict (response_id, first_sequence) do update set json = excluded.json`,
  updateTurn: `
    update turns set native_ref = coalesce(?, native_ref), history_hash = coalesce(?, history_hash) where id = ?`,
  updateResponse: `
    update responses set status = coalesce(?, status), completed_at = coalesce(?, completed_at),
      error = coalesce(?, error), usage = coalesce(?, usage)
    where id = ?`,
  setNativeThread: "update threads set native_ref = ? where id = ?",

  findThread: "select * from threads where id = ?",
  findMainThread: `
    select * from threads where principal = ? and agent_id = ? and key_hash = ? and is_main = 1
    order by used_at desc, rowid desc limit 1`,
  findThreadBySession: `
    select * from threads where principal = ? and agent_id = ? and session_key = ?
    order by used_at desc, rowid desc limit 1`,
  // "cross join" fixes the order: walk the turns of that hash from the newest on, and stop at 20.
  findTurnsByHistory: `
    select turns.* from turns cross join threads on threads.id = turns.thread_id
    where turns.history_hash = ? and threads.principal = ? and threads.agent_id = ? and threads.key_hash = ?
    order by turns.created_at desc, turns.rowid desc limit 20`,
  findTurn: "select * from turns where id = ?",
  findTurnOfResponse: "select * from turns where response_id = ?",
  lineage: `
    with recursive path (id, depth) as (
      select id, 0 from turns where id = ?
      union all
      select turns.parent_turn_id, path.depth + 1 from path cross join turns on turns.id = path.id
      where turns.parent_turn_id is not null
    )
    select turns.*, threads.backend from path
    cross join turns on turns.id = path.id
    cross join threads on threads.id = turns.thread_id
    order by path.depth desc`,
  findItems: "select json from turn_items where turn_id = ? and side = ? order by position",

  findResponse: "select * from responses where id = ? and principal = ? and is_stored = 1 and is_deleted = 0",
  readLog: "select first_sequence, json from log_segments where response_id = ? order by first_sequence",
  markResponseDeleted: `
    update responses set is_deleted = 1
    where id = ? and principal = ? and kind = ? and is_stored = 1 and is_deleted = 0`,
  deleteLog: "delete from log_segments where response_id = ?",
  findUnfinished:
    "select id, turn_id, status from responses where status in ('queued', 'running') order by created_at, rowid",
  findUnusedThreads: `
    select * from threads where used_at < ?
      and not exists (
        select 1 from turns cross join turns as child on child.parent_turn_id = turns.id
        where turns.thread_id = threads.id and child.thread_id <> threads.id)
      and not exists (
        select 1 from turns cross join responses on responses.turn_id = turns.id
        where turns.thread_id = threads.id and responses.status in ('queued', 'running'))
    order by used_at, rowid limit ?`,
  deleteThread: "delete from threads where id = ?",
} as const

export type StatementName = keyof typeof statements
