import type { Migration } from "../migrate.ts"

/**
 * The ledger. `turns.parent_turn_id` is a foreign key on purpose: a parent has to exist first and cannot go before its
 * descendants, so that a lineage neither dangles nor runs in a circle. Every foreign key has an index, without which
 * each deletion would scan the child table.
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
  input text not null
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
  created_at integer not null,
  status text not null,
  completed_at integer,
  error text,
  usage text,
  echo text not null
) strict;
create index responses_unfinished on responses (created_at) where status in ('queued', 'running');

create table turn_items (
  turn_id text not null references turns (id) on delete cascade,
  side text not null check (side in ('output', 'native')),
  position integer not null,
  json text not null,
  primary key (turn_id, side, position)
) strict;

create table log_segments (
  response_id text not null references responses (id) on delete cascade,
  first_sequence integer not null,
  json text not null,
  primary key (response_id, first_sequence)
) strict;
`,
}
