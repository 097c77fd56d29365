/**
 * All SQL of the ledger's methods. The texts are constant, so each is prepared once and kept; the
 * contract suite reads this list to check that every lookup is served by an index.
 */
export const statements = {
  upsertThread: `
    insert into threads (id, principal, agent_id, backend, key_hash, native_ref, is_ephemeral, is_main, session_key,
      resends_history, head_turn_id, created_at, used_at, instructions, agent_identity)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (id) do update set
      head_turn_id = excluded.head_turn_id, used_at = excluded.used_at, session_key = excluded.session_key,
      resends_history = excluded.resends_history, key_hash = excluded.key_hash, instructions = excluded.instructions`,
  insertTurn: `
    insert into turns (id, thread_id, response_id, parent_turn_id, native_ref, created_at, input, conversation_id)
    values (?, ?, ?, ?, ?, ?, ?, ?)`,
  insertResponse: `
    insert into responses (id, turn_id, kind, principal, agent_id, previous_response_id, is_stored, created_at, status,
      completed_at, error, usage, echo, is_background)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  insertPending: "insert into pending_turns (response_id, json) values (?, ?)",
  deletePending: "delete from pending_turns where response_id = ?",
  insertIdempotent: `
    insert into idempotency_keys (principal, key, request_hash, response_id, created_at) values (?, ?, ?, ?, ?)
    on conflict (principal, key) do update set
      request_hash = excluded.request_hash, response_id = excluded.response_id, created_at = excluded.created_at`,
  saveItem: `
    insert into turn_items (turn_id, side, position, json) values (?, ?, ?, ?)
    on conflict (turn_id, side, position) do update set json = excluded.json`,
  saveLogSegment: `
    insert into log_segments (response_id, first_sequence, json) values (?, ?, ?)
    on conflict (response_id, first_sequence) do update set json = excluded.json`,
  updateTurn: `
    update turns set native_ref = coalesce(?, native_ref), history_hash = coalesce(?, history_hash),
      said_hash = coalesce(?, said_hash), exchanges = coalesce(?, exchanges), seen_text = coalesce(?, seen_text)
    where id = ?`,
  // One key a line, of characters that JSON has as they are. "where true" ends the select.
  placeRecentKeys: `
    insert into turn_keys (key, turn_id)
    select line.value, turn_id from recent_turn_keys
    cross join json_each('["' || replace(keys, char(10), '","') || '"]') as line
    where true order by line.value
    on conflict do nothing`,
  saveRecentKeys: `
    insert into recent_turn_keys (turn_id, keys) values (?, ?)
    on conflict (turn_id) do update set keys = excluded.keys`,
  findRecentKeys: "select turn_id, keys from recent_turn_keys",
  findBeginKeys: `
    select key, count(*) as count from turn_keys where key >= 'b' and key < 'c' group by key limit ?`,
  deleteRecentKeys: "delete from recent_turn_keys",
  updateResponse: `
    update responses set status = coalesce(?, status), completed_at = coalesce(?, completed_at),
      error = coalesce(?, error), usage = coalesce(?, usage)
    where id = ?`,
  setNativeThread: "update threads set native_ref = ? where id = ?",
  setNativeState: `
    insert into native_threads (thread_id, instructions, tools, note) values (?, ?, ?, null)
    on conflict (thread_id) do update set instructions = excluded.instructions, tools = excluded.tools, note = null`,
  saveSharedTool: "insert into shared_tools (key, json) values (?, ?) on conflict (key) do nothing",
  findSharedTools: "select key, json from shared_tools where key >= ''",
  setNote: "update native_threads set note = ? where thread_id = (select thread_id from turns where id = ?)",
  findNativeState: "select * from native_threads where thread_id = ?",

  findThread: "select * from threads where id = ?",
  findMainThread: `
    select * from threads where principal = ? and agent_id = ? and is_main = 1 and agent_identity = ?
    order by used_at desc, rowid desc limit 1`,
  findThreadBySession: `
    select * from threads where principal = ? and agent_id = ? and session_key = ? and agent_identity = ?
    order by used_at desc, rowid desc limit 1`,
  // "cross join" fixes the order: walk the turns of that key from the newest on, and stop at 20.
  findTurnsByKey: `
    select turns.id, turns.thread_id, threads.session_key, threads.head_turn_id from turn_keys
    cross join turns on turns.id = turn_keys.turn_id
    cross join threads on threads.id = turns.thread_id
    where turn_keys.key = ? and threads.principal = ? and threads.agent_id = ? and threads.agent_identity = ?
    order by turn_keys.turn_id desc limit 20`,
  findTurnPlaces: `
    select turns.id, turns.thread_id, threads.session_key, threads.head_turn_id from json_each(?) as asked
    cross join turns on turns.id = asked.value
    cross join threads on threads.id = turns.thread_id
    where threads.principal = ? and threads.agent_id = ? and threads.agent_identity = ?`,
  findKeys: `
    select asked.value as key from json_each(?) as asked
    where exists (select 1 from turn_keys where turn_keys.key = asked.value)`,
  traceTurn: `
    with recursive path (id, depth) as (
      select id, 0 from turns where id = ?
      union all
      select turns.parent_turn_id, path.depth + 1 from path cross join turns on turns.id = path.id
      where turns.parent_turn_id is not null
    )
    select turns.id, turns.exchanges, responses.status from path
    cross join turns on turns.id = path.id
    cross join responses on responses.turn_id = turns.id
    order by path.depth desc`,
  findTraces: `
    select turns.id, turns.exchanges, responses.status from json_each(?) as asked
    cross join turns on turns.id = asked.value
    cross join responses on responses.turn_id = turns.id
    order by asked.key`,
  findTurnsAfter: `
    select turns.id, turns.exchanges, responses.status from turns
    cross join responses on responses.turn_id = turns.id
    where turns.parent_turn_id = ?
    order by turns.rowid desc limit 20`,
  hasThreadsOf: "select 1 from threads where agent_identity = ? limit 1",
  adoptThreads: "update threads set agent_identity = ? where agent_id = ? and agent_identity is null",
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
  findOutputItem: `
    select turn_items.json, responses.agent_id from turn_items
    cross join responses on responses.turn_id = turn_items.turn_id
    where turn_items.json ->> '$.id' = ? and turn_items.side = 'output' and responses.principal = ?
      and responses.is_stored = 1 and responses.is_deleted = 0`,

  findResponse: "select * from responses where id = ? and principal = ? and is_stored = 1 and is_deleted = 0",
  findAnswer: "select * from responses where id = ? and principal = ? and is_deleted = 0",
  findIdempotent: "select * from idempotency_keys where principal = ? and key = ?",
  freeIdempotent: "delete from idempotency_keys where response_id = ?",
  deleteIdempotentBefore: "delete from idempotency_keys where created_at < ?",
  readLog: "select first_sequence, json from log_segments where response_id = ? order by first_sequence",
  markResponseDeleted: `
    update responses set is_deleted = 1
    where id = ? and principal = ? and kind = ? and is_stored = 1 and is_deleted = 0`,
  deleteLog: "delete from log_segments where response_id = ?",
  findUnfinished: `
    select responses.id, turn_id, status, pending_turns.json as pending from responses
    left join pending_turns on pending_turns.response_id = responses.id
    where status in ('queued', 'running') order by responses.rowid`,
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
  // The condition is always true (and so in `deleteRepliesBefore`): it ties the count to an index.
  countThreads: "select count(*) as count from threads where used_at >= 0",
  findNewestUse: "select max(used_at) as used_at from threads",
  readFact: "select value from facts where name = ?",
  saveFact:
    "insert into facts (name, value) values (?, ?) on conflict (name) do update set value = excluded.value",

  insertConversation: `
    insert into conversations (id, principal, metadata, head_turn_id, created_at)
    values (:id, :principal, :metadata, :headTurnId, :createdAt)`,
  findConversation: "select * from conversations where id = ? and principal = ?",
  setConversationMetadata: "update conversations set metadata = ? where id = ? and principal = ?",
  setConversationHead: "update conversations set head_turn_id = ? where id = ? and principal = ?",
  deleteConversation: "delete from conversations where id = ? and principal = ?",
  insertConversationItem: `
    insert into conversation_items (conversation_id, position, item_id, agent_id, json)
    select ?, coalesce(max(position), -1) + 1, ?, ?, ? from conversation_items where conversation_id = ?
    on conflict (conversation_id, item_id) do nothing`,
  findConversationItem: `
    select conversation_items.* from conversations
    cross join conversation_items on conversation_items.conversation_id = conversations.id
    where conversations.id = ? and conversation_items.item_id = ? and conversations.principal = ?
      and conversation_items.json is not null`,
  findConversationPosition:
    "select position from conversation_items where conversation_id = ? and item_id = ?",
  deleteConversationItem:
    "update conversation_items set json = null where conversation_id = ? and item_id = ?",
  listConversationItems: `
    select * from conversation_items where conversation_id = ? and position > ? and json is not null
    order by position limit ?`,
  listConversationItemsNewestFirst: `
    select * from conversation_items where conversation_id = ? and position < ? and json is not null
    order by position desc limit ?`,
  allConversationItems:
    "select * from conversation_items where conversation_id = ? and json is not null order by position",
  findConversationTurn: `
    select turns.*, threads.agent_id from turns
    cross join threads on threads.id = turns.thread_id
    cross join conversations on conversations.id = turns.conversation_id
    where turns.id = ?`,

  listCompletions: completionsPage(">", ""),
  listCompletionsNewestFirst: completionsPage("<", "desc"),
  findCompletionPlace: `
    select created_at, rowid as row_number from responses
    where id = ? and principal = ? and kind = 'chat' and is_stored = 1`,
  setCompletionMetadata: `
    update responses set echo = json_set(echo, '$.metadata', json(?))
    where id = ? and principal = ? and kind = 'chat' and is_stored = 1 and is_deleted = 0
      and status in ('completed', 'incomplete', 'cancelled')`,
  insertFile: `
    insert into files (id, principal, name, bytes, purpose, mime_type, sha256, created_at, expires_at)
    values (:id, :principal, :name, :bytes, :purpose, :mimeType, :sha256, :createdAt, :expiresAt)`,
  findFile: "select * from files where id = ? and principal = ? and (expires_at is null or expires_at > ?)",
  hasFile: "select 1 from files where id = ?",
  listFiles: `
    select * from files where principal = :principal and id > :after and (expires_at is null or expires_at > :now)
      and (:purpose is null or purpose = :purpose)
    order by id limit :limit`,
  listFilesNewestFirst: `
    select * from files where principal = :principal and id < :after and (expires_at is null or expires_at > :now)
      and (:purpose is null or purpose = :purpose)
    order by id desc limit :limit`,
  deleteFile: "delete from files where id = ? and principal = ? and (expires_at is null or expires_at > ?)",
  totalFileBytes: "select coalesce(sum(bytes), 0) as total from files where principal = ?",
  findExpiredFiles: "select id from files where expires_at <= ? order by expires_at limit ?",
  deleteExpiredFile: "delete from files where id = ?",

  insertReply: `
    insert into replies (id, agent_id, client_id, principal, response_id, conversation_id, text, is_final, delivery,
      created_at, sent)
    values (:id, :agentId, :clientId, :principal, :responseId, :conversationId, :text, :isFinal, :delivery,
      :createdAt, :sent)
    on conflict (agent_id, client_id) where client_id is not null do nothing`,
  findReply: "select * from replies where agent_id = ? and client_id = ?",
  setReplyDelivery: "update replies set delivery = ? where id = ?",
  listOutbox: `
    select id, agent_id, client_id, principal, response_id, conversation_id,
      case when :textCharacters is null then text else substr(text, 1, :textCharacters) end as text, is_final,
      delivery, created_at, sent
    from replies where delivery = 'outbox' and is_removed = 0 and (:agentId is null or agent_id = :agentId)
      and (:principal is null or principal = :principal or (:includesNobodys and principal is null))
    order by created_at desc, rowid desc limit :limit`,
  removeFromOutbox: `
    update replies set is_removed = 1, text = '', sent = null
    where id = ? and delivery = 'outbox' and is_removed = 0 and (principal = ? or (? and principal is null))`,
  findConversationOwner: `
    select conversations.principal from conversations
    where conversations.id = ? and exists (
      select 1 from turns cross join threads on threads.id = turns.thread_id
      where turns.conversation_id = conversations.id and threads.agent_id = ? and threads.agent_identity = ?)`,
  findThreadOwner: `
    select threads.principal, turns.conversation_id from threads left join turns on turns.thread_id = threads.id
    where threads.agent_id = ? and threads.native_ref = ? and threads.agent_identity = ? order by turns.rowid desc limit 1`,
  deleteRepliesBefore: `
    delete from replies where id in (
      select id from replies where created_at < ? order by created_at
      limit (select count(*) / 10 + 10 from replies where created_at >= 0))`,

  probe: "update facts set value = value + 1 where name = 'probe'",
} as const

/** Of those that ended with an answer, of one agent where one is named, with all the metadata. */
function completionsPage(comparison: "<" | ">", direction: "" | "desc"): string {
  return `
    select * from responses
    where principal = :principal and kind = 'chat' and is_stored = 1 and is_deleted = 0
      and (created_at, rowid) ${comparison} (:createdAt, :rowNumber)
      and status in ('completed', 'incomplete', 'cancelled') and (:agentId is null or agent_id = :agentId)
      and not exists (
        select 1 from json_each(:metadata) as wanted where not exists (
          select 1 from json_each(responses.echo, '$.metadata') as pair
          where pair.key = wanted.key and pair.value = wanted.value))
    order by created_at ${direction}, rowid ${direction} limit :limit`
}

export type StatementName = keyof typeof statements
