import type { Migration } from "../migrate.ts"

/** Of many native threads, each once: `native_threads.tools` has the keys. See `SharedTools`. */
export const sharedTools: Migration = {
  name: "0009-shared-tools",
  sql: `
create table shared_tools (
  key text primary key,
  json text not null
) strict, without rowid;
`,
}
