import type { Migration } from "../migrate.ts"

/**
 * The ledger. `turns.parent_turn_id` is a foreign key on purpose: a parent has to exist first and
 * cannot go before its descendants, so that a lineage neither dangles nor runs in a circle. Every
 * foreign key has an index, without which each deletion would scan the child table.
 */
export const ledger: Migration = {
  name: "0001-ledger",
  sql: `
create table threads (
  id text primary key,
  principal text not null,
  agent_id text not null,
  backend text not null,
  key_hash text not null,
  native_ref text,
  is_ephemeral integer not null,
  is_main integer not null,
  session_key text,
  resends_history integer not null,
  head_turn_id text,
  created_at integer not null,
  used_at integer not null,
  instructions text
) strict;
create index threads_main on threads (principal, agent_id, key_hash, used_at) where is_main = 1;
create index threads_session on threads (principal, agent_id, session_key, used_at) where session_key is not null;
create index threads_used on threads (used_at);

create table turns (
  id text primary key,
  thread_id text not null references threads (id) on delete cascade,
  response_id text not null unique,
  parent_turn_id text references turns (id),
  native_ref text,
  history_hash text,
  created_at integer not null,
  input text not null,
  conversation_id text,
  seen_text text
) strict;
create index turns_thread on turns (thread_id);
create index turns_parent on turns (parent_turn_id) where parent_turn_id is not null;
create index turns_history on turns (history_hash, created_at) where history_hash is not null;

create table responses (
  id text primary key,
  turn_id text not null unique references turns (id) on delete cascade,
  kind text not null,
  principal text not null,
  agent_id text not null,
  previous_response_id text,
  is_stored integer not null,
  is_deleted integer not null default 0,
  is_background integer not null,
  created_at integer not null,
  status text not null,
  completed_at integer,
  error text,
  usage text,
  echo text not null
) strict;
create index responses_completions on responses (principal, created_at)
  where kind = 'chat' and is_stored = 1 and is_deleted = 0;
create index responses_unfinished on responses (created_at) where status in ('queued', 'running');

create table pending_turns (
  response_id text primary key references responses (id) on delete cascade,
  json text not null
) strict;

create table idempotency_keys (
  principal text not null,
  key text not null,
  request_hash text not null,
  response_id text not null references responses (id) on delete cascade,
  created_at integer not null,
  primary key (principal, key)
) strict;
create index idempotency_keys_response on idempotency_keys (response_id);
create index idempotency_keys_created on idempotency_keys (created_at);

create table turn_items (
  turn_id text not null references turns (id) on delete cascade,
  side text not null check (side in ('output', 'native')),
  position integer not null,
  json text not null,
  primary key (turn_id, side, position)
) strict;
create index turn_items_output on turn_items (json ->> '$.id') where side = 'output';

create table log_segments (
  response_id text not null references responses (id) on delete cascade,
  first_sequence integer not null,
  json text not null,
  primary key (response_id, first_sequence)
) strict;

create table conversations (
  id text primary key,
  principal text not null,
  metadata text not null,
  head_turn_id text,
  created_at integer not null
) strict;

-- A deleted item leaves its place: it is a cursor still, and a turn that ends does not bring it back.
create table conversation_items (
  conversation_id text not null references conversations (id) on delete cascade,
  position integer not null,
  item_id text not null,
  agent_id text,
  json text,
  primary key (conversation_id, position),
  unique (conversation_id, item_id)
) strict;

create table files (
  id text primary key,
  principal text not null,
  name text not null,
  bytes integer not null,
  purpose text not null,
  mime_type text not null,
  sha256 text not null,
  created_at integer not null,
  expires_at integer
) strict;
create index files_owner on files (principal, id);
create index files_expiry on files (expires_at) where expires_at is not null;
`,
}
