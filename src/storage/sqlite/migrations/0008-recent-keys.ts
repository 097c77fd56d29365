import type { Migration } from "../migrate.ts"

/** Of the turns that ended last, before they go to `turn_keys`: see `SqliteTurnKeys`. */
export const recentKeys: Migration = {
  name: "0008-recent-keys",
  sql: `
create table recent_turn_keys (
  turn_id text primary key references turns (id) on delete cascade,
  keys text not null
) strict, without rowid;
`,
}
