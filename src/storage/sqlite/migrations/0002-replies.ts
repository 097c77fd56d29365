import type { Migration } from "../migrate.ts"

/** What agents said outside their CLI's output, and an index for who was in a conversation. */
export const replies: Migration = {
  name: "0002-replies",
  sql: `
create table replies (
  id text primary key,
  agent_id text not null,
  client_id text,
  principal text,
  response_id text,
  conversation_id text,
  text text not null,
  is_final integer not null,
  delivery text not null check (delivery in ('turn', 'conversation', 'outbox')),
  created_at integer not null
) strict;
create unique index replies_client on replies (agent_id, client_id) where client_id is not null;
create index replies_outbox on replies (created_at) where delivery = 'outbox';
create index replies_created on replies (created_at);
create index turns_conversation on turns (conversation_id) where conversation_id is not null;
`,
}
