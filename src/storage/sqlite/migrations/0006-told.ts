import type { Migration } from "../migrate.ts"

/**
 * What the native thread behind a thread was opened with, and what was told in it since: see
 * `NativeState`. Threads of before have none: what they were told is not known.
 */
export const told: Migration = {
  name: "0006-told",
  sql: `
create table native_threads (
  thread_id text primary key references threads (id) on delete cascade,
  instructions text,
  tools text not null,
  note text
) strict, without rowid;
`,
}
