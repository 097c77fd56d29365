import type { Migration } from "../migrate.ts"

/**
 * A message that was taken out of the outbox stays known by its sender's id: it is not to come a
 * second time. And an index for finding a thread by the name that its CLI has for it.
 */
export const removedReplies: Migration = {
  name: "0003-removed-replies",
  sql: `
alter table replies add column is_removed integer not null default 0;
drop index replies_outbox;
create index replies_outbox on replies (created_at) where delivery = 'outbox' and is_removed = 0;
create index threads_native on threads (native_ref) where native_ref is not null;
`,
}
